import { defaultLedgerRules, LedgerError, type LedgerRules } from '@cofferdam/core';
import type { LiveLedger } from '../storage/idempotency-keys.js';
import { effectiveSettings } from '../storage/ledger-settings.js';
import type { RouteBook } from './route-book.js';

type LedgerPath = Pick<LiveLedger, 'organizationId' | 'ledgerId'>;

/** The rules of the live ledgers that a batch posts to. */
export class LedgerRuleBook {
  readonly #ledgers: ReadonlyMap<string, LiveLedger>;
  readonly #routes: Pick<RouteBook, 'transactionRoute'>;

  constructor(ledgers: readonly LiveLedger[], routes: Pick<RouteBook, 'transactionRoute'>) {
    this.#ledgers = new Map(ledgers.map((ledger) => [ledger.ledgerId, ledger]));
    this.#routes = routes;
  }

  /** Throws `entity_not_found` unless the ledger lives in that organization, whoever owns it otherwise. */
  rulesOf({ organizationId, ledgerId }: LedgerPath): LedgerRules {
    const ledger = this.#ledgers.get(ledgerId);
    if (ledger?.organizationId !== organizationId)
      throw new LedgerError('entity_not_found', {
        detail:
          'No Ledger was found for this id at this path. Check the ids in the path; a deleted record is not found either.',
        entityType: 'Ledger',
      });
    return this.#read(ledger);
  }

  /** A hold can be ended after its ledger was deleted: the money must not stay held for ever. */
  rulesOfHold(ledgerId: string): LedgerRules {
    const ledger = this.#ledgers.get(ledgerId);
    return ledger === undefined ? defaultLedgerRules : this.#read(ledger);
  }

  #read({ ledgerId, settings }: LiveLedger): LedgerRules {
    const { accounting, tracer, overrides } = effectiveSettings(settings);
    return {
      validateRoutes: accounting.validateRoutes,
      allowFeeSkip: overrides.allowFeeSkip,
      allowTracerSkip: overrides.allowTracerSkip,
      guardRequired: tracer.mode === 'enforce' && tracer.failPosture === 'closed',
      findRoute: (id) => this.#routes.transactionRoute(ledgerId, id),
    };
  }
}
