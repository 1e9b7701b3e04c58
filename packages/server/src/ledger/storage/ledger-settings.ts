/** What a ledger can be told (ledger-api §4.3), with the value each setting has when nothing was said. */
export const defaultSettings = {
  accounting: { validateAccountType: false, validateRoutes: false, requireHolder: false },
  tracer: { mode: 'off', failPosture: 'open', timeoutMs: 250 },
  overrides: { allowFeeSkip: false, allowTracerSkip: false, allowHolderSkip: false },
};

export type LedgerSettings = typeof defaultSettings;
export type SettingsSection = keyof LedgerSettings;

/** As kept in the `settings` column: only what was said; null means said, then taken back. */
export type StoredSettings = Readonly<Record<string, Readonly<Record<string, unknown>> | null>>;

/** The settings in force: what is stored over the defaults; null counts as not said. */
export function effectiveSettings(stored: StoredSettings | null): LedgerSettings {
  const section = <S extends SettingsSection>(name: S): LedgerSettings[S] => {
    const said = Object.entries(stored?.[name] ?? {}).filter(([, value]) => value !== null);
    return { ...defaultSettings[name], ...Object.fromEntries(said) };
  };
  return { accounting: section('accounting'), tracer: section('tracer'), overrides: section('overrides') };
}

/** Section by section, key by key; what the patch does not name stays. */
export function mergeSettings(stored: StoredSettings | null, patch: StoredSettings): StoredSettings {
  const merged = { ...stored };
  for (const [name, section] of Object.entries(patch)) {
    merged[name] = section === null ? null : { ...merged[name], ...section };
  }
  return merged;
}

/** Words that a setting may have; keyed by section and key. */
export const settingWords: Readonly<Record<string, readonly string[]>> = {
  'tracer.mode': ['off', 'advisory', 'enforce'],
  'tracer.failPosture': ['open', 'closed'],
};
