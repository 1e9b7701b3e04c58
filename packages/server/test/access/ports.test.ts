import { expect, it } from 'vitest';
import { createAccessSeeder } from '../../src/access/access-seeder.js';
import { createSecretMaker } from '../../src/access/credentials/secret-maker.js';
import type { AccessSeeder, SecretMaker } from '../../src/tenancy/ports.js';

it('the Access Manager fits the ports of tenancy, which knows nothing of it', () => {
  // Checked by the compiler; the two wings do not import each other.
  const seeder: (...options: Parameters<typeof createAccessSeeder>) => AccessSeeder = createAccessSeeder;
  const maker: (...options: Parameters<typeof createSecretMaker>) => SecretMaker = createSecretMaker;
  expect([seeder, maker]).toEqual([createAccessSeeder, createSecretMaker]);
});
