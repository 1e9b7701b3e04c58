import type { Reply } from './http.js';

/** What a client knows of what it asked for. `unknown`: no answer came, or it says that nobody knows. */
export type Fate = 'acknowledged' | 'refused' | 'unknown';

/** One create, known by the tag in its metadata and by its key. */
export interface CreateRecord {
  readonly tag: string;
  readonly route: 'json' | 'batch';
  /** The body of the create, or of the whole batch that it was part of. */
  readonly body: unknown;
  fate: Fate;
  id?: string;
}

/** A commit, cancel or revert, sent by one client only. */
export interface ChangeRecord {
  readonly kind: 'commit' | 'cancel' | 'revert';
  readonly id: string;
  fate: Fate;
  reversalId?: string;
}

/** Stands for a connection that was refused: surely nothing was posted. */
export const notConnected: Reply = { status: 503, body: { code: '0161', detail: 'connection refused' } };

/** 503 says that nothing was posted, unless it says that it does not know; everything else of the 5xx is a defect. */
export function fateOf({ status, body }: Reply): Fate {
  if (status === 201) return 'acknowledged';
  if (status === 503 && body.code === '0161') return /not known yet/.test(body.detail) ? 'unknown' : 'refused';
  if (status >= 400 && status < 500) return 'refused';
  throw new Error(`an answer that no client can use: ${status} ${JSON.stringify(body)}`);
}
