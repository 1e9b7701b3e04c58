import type { Operation } from '../operations.js';
import type { Isolation, StoreNames } from '../physical-names.js';
import type { Placement } from '../placement.js';

/** One of the two places of a tenant that is being moved. Names only; shown to operators. */
export interface Place {
  readonly serverId: string;
  readonly isolation: Isolation;
  readonly origin: Placement['origin'];
  readonly store: StoreNames;
}

/**
 * `copy`: tables are made at the new place, copied and followed; `settle`: the new place serves, what belonged to the
 * copying is taken down and the way back is laid; `await`: an operator confirms or reverts; `confirm`, `revert`: was asked
 * for; `clear`: was reverted (or never came to the switch), the new place is taken away.
 */
export type MovePhase = 'copy' | 'settle' | 'await' | 'confirm' | 'revert' | 'clear';

export interface Comparison {
  readonly tables: number;
  readonly rows: number;
  /** Of every row of every table, the same on both sides. */
  readonly hash: string;
  readonly ms: number;
}

/**
 * `replication`: rows are copied and followed while requests go on; the pause is short. `pause`: no logical replication to be
 * had; everything is copied in the pause.
 */
export type MoveMethod = 'replication' | 'pause';

/** How long writes will pause, from what the catalogue of the source tells. */
export interface PauseEstimate {
  readonly rows: number;
  readonly bytes: number;
  readonly pauseMs: number;
}

/** Known to the operation, shown to operators. */
export interface MoveDetails {
  readonly phase: MovePhase;
  readonly method: MoveMethod;
  /** With `pause` only. */
  readonly estimate?: PauseEstimate;
  readonly from: Place;
  readonly to: Place;
  /** The migration up to which both places are. */
  readonly schemaVersion: string | null;
  /** Requests were held and the sender may be closed: whoever finds this after a kill opens it again. */
  readonly pausing?: boolean;
  readonly tables?: { readonly copied: number; readonly of: number };
  readonly lagBytes?: number;
  /** Everything: before the pause, or in it when the books are copied in it. */
  readonly compared?: Comparison;
  /** In the pause. */
  readonly comparedAgain?: Comparison;
  /** RFC 3339. */
  readonly switchedAt?: string;
  readonly revertedAt?: string;
  /** From the hold to the switch. */
  readonly pauseMs?: number;
  /** Why it was given up, when nobody asked for that. */
  readonly reason?: string;
}

/** Sealed with the operation until it ends. */
export interface MoveSecrets {
  /** Of the new place's run-time login. */
  readonly runtime: string;
  /** Of its migrator; on the same server the one there is. */
  readonly migrator: string;
  /** Of the two replication logins. */
  readonly replication: string;
  /** What the placement held before, sealed as it was. */
  readonly runtimeBefore: string;
  readonly migratorBefore: string;
}

/** Shown as progress; the switch is the fourth. */
export const moveSteps = ['prepare', 'copy', 'compare', 'switch', 'settle', 'await-confirmation', 'clear'] as const;
export type MoveStep = (typeof moveSteps)[number];

/** A move that an earlier build has begun does not tell its method. */
export const detailsOf = (operation: Operation) =>
  ({ method: 'replication', ...operation.details }) as unknown as MoveDetails;

export const isSameServer = ({ from, to }: Pick<MoveDetails, 'from' | 'to'>) => from.serverId === to.serverId;
