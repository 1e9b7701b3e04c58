import { LedgerError } from '../errors.js';
import type { AccountingEntries, AccountingEntry, OperationRouteType, Scenario } from './accounting-route.js';
import { scenarios } from './accounting-route.js';

type Side = 'debit' | 'credit';

const both: readonly Side[] = ['debit', 'credit'];

/** Sides that a scenario must have; undefined: the type cannot have the scenario (ledger-api §7.1, second table). */
const requiredSides: Readonly<Record<OperationRouteType, Readonly<Record<Scenario, readonly Side[] | undefined>>>> = {
  source: {
    direct: ['debit'],
    commit: ['debit'],
    block: ['debit'],
    unblock: ['debit'],
    hold: both,
    cancel: both,
    revert: undefined,
    overdraft: both,
  },
  destination: {
    direct: ['credit'],
    commit: ['credit'],
    block: ['credit'],
    unblock: ['credit'],
    hold: undefined,
    cancel: undefined,
    revert: undefined,
    overdraft: both,
  },
  bidirectional: {
    direct: both,
    commit: both,
    block: both,
    unblock: both,
    hold: both,
    cancel: both,
    revert: both,
    overdraft: both,
  },
};

/** Scenarios whose rubrics are missing fields (0009) when blank; those of the others are a rule of business (0166). */
const older: ReadonlySet<Scenario> = new Set(['direct', 'hold', 'commit', 'cancel', 'revert']);
const needDirect: readonly Scenario[] = ['hold', 'commit', 'cancel', 'revert', 'overdraft'];

/**
 * The rules of an operation route's rubrics, in the contract's order: blank rubrics (0009, 0166), scenarios that the
 * type cannot have (0165, 0162), missing sides (0166), hold, commit and cancel together (0163), direct (0164).
 */
export function checkAccountingEntries(type: OperationRouteType, entries: AccountingEntries): void {
  const given = scenarios.filter((scenario) => entries[scenario] !== undefined);
  for (const scenario of given) refuseBlank(scenario, entries[scenario] ?? {});
  for (const scenario of given) refuseForbidden(type, scenario);
  for (const scenario of given) refuseIncomplete(type, scenario, entries[scenario] ?? {});
  refuseBrokenReserve(type, new Set(given));
  const lacking = given.find((scenario) => needDirect.includes(scenario));
  if (lacking !== undefined && entries.direct === undefined)
    throw new LedgerError('direct_scenario_required', {
      entityType: 'OperationRoute',
      detail: `accountingEntries.${lacking} needs accountingEntries.direct beside it. Add the direct scenario.`,
    });
}

function refuseBlank(scenario: Scenario, entry: AccountingEntry): void {
  const rubrics = both.flatMap((side) => (entry[side] ? [{ side, rubric: entry[side] }] : []));
  const blank =
    rubrics.length === 0
      ? `accountingEntries.${scenario} needs a debit or a credit rubric`
      : rubrics.flatMap(({ side, rubric }) =>
          (['code', 'description'] as const)
            .filter((name) => rubric[name].trim() === '')
            .map((name) => `accountingEntries.${scenario}.${side}.${name} is a required field`),
        )[0];
  if (blank === undefined) return;
  throw older.has(scenario)
    ? new LedgerError('missing_fields_in_request', {
        entityType: 'OperationRoute',
        detail: `The request lacks one or more required fields: ${blank}.`,
        errors: [{ location: blank.split(' ')[0]?.split('.').at(-1) ?? scenario, message: blank }],
      })
    : fieldRequired(`${blank}.`);
}

function refuseForbidden(type: OperationRouteType, scenario: Scenario): void {
  if (requiredSides[type][scenario] !== undefined) return;
  if (scenario === 'revert')
    throw new LedgerError('revert_only_bidirectional', {
      entityType: 'OperationRoute',
      detail: `A ${type} route cannot have accountingEntries.revert; only a bidirectional one can.`,
    });
  throw new LedgerError('scenario_not_allowed_for_direction', {
    entityType: 'OperationRoute',
    detail: `A ${type} route cannot have accountingEntries.${scenario}; only a source or bidirectional one can.`,
  });
}

function refuseIncomplete(type: OperationRouteType, scenario: Scenario, entry: AccountingEntry): void {
  for (const side of requiredSides[type][scenario] ?? [])
    if (!entry[side])
      throw fieldRequired(`accountingEntries.${scenario}.${side} is required on a ${type} route. Give its rubric.`);
}

function refuseBrokenReserve(type: OperationRouteType, given: ReadonlySet<Scenario>): void {
  if (type === 'destination') return;
  const reserve = ['hold', 'commit', 'cancel'] as const;
  const missing = reserve.filter((scenario) => !given.has(scenario));
  // Cancel without commit hangs on the hold as well: commit or cancel need hold, and hold needs both.
  if (missing.length === 0 || missing.length === reserve.length) return;
  throw new LedgerError('reserve_group_incomplete', {
    entityType: 'OperationRoute',
    detail: `On a ${type} route the scenarios hold, commit and cancel go together; missing: ${missing.join(', ')}.`,
  });
}

function fieldRequired(detail: string): LedgerError {
  return new LedgerError('accounting_entry_field_required', { entityType: 'OperationRoute', detail });
}
