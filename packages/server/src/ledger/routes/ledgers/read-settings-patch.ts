import { LedgerError } from '@cofferdam/core';
import { isLosslessNumber } from 'lossless-json';
import {
  defaultSettings,
  type SettingsSection,
  type StoredSettings,
  settingWords,
} from '../../storage/ledger-settings.js';

const sectionNames = Object.keys(defaultSettings) as SettingsSection[];

/** The same rules for the document: `readSettingsPatch` refuses with codes of its own. */
export const settingsPatchShown = {
  properties: Object.fromEntries(
    sectionNames.map((section) => [
      section,
      {
        type: ['object', 'null'],
        properties: Object.fromEntries(
          Object.entries(defaultSettings[section]).map(([key, value]) => [
            key,
            settingShown(`${section}.${key}`, value),
          ]),
        ),
        additionalProperties: false,
      },
    ]),
  ),
  additionalProperties: false,
};

function settingShown(setting: string, standard: unknown) {
  if (typeof standard === 'number') return { type: ['integer', 'null'], minimum: 0, default: standard };
  const words = settingWords[setting];
  return { type: [typeof standard, 'null'], ...(words && { enum: [...words, null] }), default: standard };
}

/**
 * Checks a partial settings object member by member (ledger-api §4.3).
 * Throws 0149 for a setting outside its section (looked for first), 0147 for an unknown one,
 * 0148 for a wrong type and 0176 for a word that the setting does not know.
 */
export function readSettingsPatch(body: Readonly<Record<string, unknown>>): StoredSettings {
  for (const name of Object.keys(body)) refuseSettingAtRoot(name);
  for (const [name, section] of Object.entries(body)) checkSection(name, section);
  return body as StoredSettings;
}

function refuseSettingAtRoot(name: string): void {
  const owner = sectionNames.find((section) => Object.hasOwn(defaultSettings[section], name));
  if (owner !== undefined)
    throw refuse(
      'settings_field_at_root_level',
      `${name} belongs into the section ${owner}: {"${owner}": {"${name}": …}}.`,
    );
}

function checkSection(name: string, section: unknown): void {
  const known = sectionNames.find((candidate) => candidate === name);
  if (known === undefined)
    throw refuse(
      'unknown_settings_field',
      `${name} is not a section of the settings. There are ${sectionNames.join(', ')}.`,
    );
  if (section === null) return;
  if (typeof section !== 'object' || Array.isArray(section) || isLosslessNumber(section))
    throw refuse('invalid_settings_field_type', `${name} must be an object.`);
  for (const [key, value] of Object.entries(section)) checkSetting(known, key, value);
}

function checkSetting(section: SettingsSection, key: string, value: unknown): void {
  const defaults: Readonly<Record<string, unknown>> = defaultSettings[section];
  const setting = `${section}.${key}`;
  if (!Object.hasOwn(defaults, key))
    throw refuse(
      'unknown_settings_field',
      `${setting} is not a setting. ${section} has ${Object.keys(defaults).join(', ')}.`,
    );
  if (value === null) return;
  const type = typeof defaults[key];
  if (typeof value !== type)
    throw refuse('invalid_settings_field_type', `${setting} must be a ${type === 'number' ? 'whole number' : type}.`);
  if (typeof value === 'number' && value < 0)
    throw refuse('invalid_settings_field_value', `${setting} must be 0 or more.`);
  const words = settingWords[setting];
  if (words !== undefined && !words.includes(value as string))
    throw refuse('invalid_settings_field_value', `${setting} must be one of ${words.join(', ')}.`);
}

function refuse(name: ConstructorParameters<typeof LedgerError>[0], detail: string): LedgerError {
  return new LedgerError(name, { detail, entityType: 'LedgerSettings' });
}
