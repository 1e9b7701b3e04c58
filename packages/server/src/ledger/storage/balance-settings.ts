import {
  compare,
  DecimalError,
  formatDecimal,
  LedgerError,
  parseDecimal,
  parseStoredDecimal,
  sign,
} from '@cofferdam/core';
import type { BalanceSettings } from './tables.js';

export interface GivenBalanceSettings {
  readonly balanceScope?: string;
  readonly allowOverdraft?: boolean;
  readonly overdraftLimitEnabled?: boolean;
  readonly overdraftLimit?: string | null;
}

/**
 * The whole settings object that a client asks for, with its defaults (ledger-api §4.9).
 * Throws 0172: a scope other than `transactional`, a limit that is switched off yet given, or on yet no positive decimal.
 */
export function readBalanceSettings(given: GivenBalanceSettings): BalanceSettings {
  const { balanceScope = 'transactional', allowOverdraft = false, overdraftLimitEnabled = false } = given;
  if (balanceScope !== 'transactional')
    throw invalid('settings.balanceScope must be "transactional"; other scopes are kept for the system.');
  const settings: BalanceSettings = { balanceScope, allowOverdraft, overdraftLimitEnabled };
  const limit = given.overdraftLimit ?? undefined;
  if (!overdraftLimitEnabled) {
    if (limit !== undefined)
      throw invalid('settings.overdraftLimit must be left out while overdraftLimitEnabled is false.');
    return settings;
  }
  return { ...settings, overdraftLimit: readLimit(limit ?? '') };
}

/** Throws 0173 for a limit that has been overdrawn already. */
export function refuseLimitBelowUsage(settings: BalanceSettings, overdraftUsed: string): void {
  const { overdraftLimit } = settings;
  if (
    overdraftLimit === undefined ||
    compare(parseStoredDecimal(overdraftLimit), parseStoredDecimal(overdraftUsed)) >= 0
  )
    return;
  throw new LedgerError('overdraft_limit_below_usage', {
    detail: 'settings.overdraftLimit is below what is overdrawn at the moment. Give a limit of at least overdraftUsed.',
    entityType: 'Balance',
  });
}

function readLimit(text: string): string {
  try {
    const limit = parseDecimal(text);
    if (sign(limit) > 0) return formatDecimal(limit);
  } catch (error) {
    if (!(error instanceof DecimalError)) throw error;
  }
  throw invalid(
    'settings.overdraftLimit must be a decimal string greater than 0, such as "100.50", while overdraftLimitEnabled is true.',
  );
}

function invalid(detail: string): LedgerError {
  return new LedgerError('invalid_balance_settings', { detail, entityType: 'Balance' });
}
