import type { ApplicationCredentials, ClientSecrets } from './client-secrets.js';
import { passwordShortcomings } from './password-policy.js';
import type { Passwords } from './passwords.js';

/** What tenant provisioning needs to make an owner and a first application, without knowing any hash. */
export interface SecretMaker {
  hashPassword(password: string): Promise<string>;
  /** In words for the operator; empty when the password may be used. */
  passwordShortcomings(password: string): string[];
  newApplicationCredentials(): ApplicationCredentials;
}

export function createSecretMaker(passwords: Passwords, secrets: ClientSecrets): SecretMaker {
  return Object.freeze({
    hashPassword: passwords.hash,
    passwordShortcomings,
    newApplicationCredentials: secrets.newApplicationCredentials,
  });
}
