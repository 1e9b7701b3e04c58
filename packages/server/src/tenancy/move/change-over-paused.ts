import {
  begin,
  type ChangeOver,
  fenceEvents,
  politeMs,
  rename,
  setPath,
  shutOut,
  takeBack,
  takeSequences,
} from './change-over.js';
import { copyBooks } from './copy-books.js';
import type { MoveTools } from './prepare-place.js';

/** A copy takes as long as it takes. Whoever finds a pause that nobody ended takes it back, and the door is closed anyway. */
const holdAtMost = '1 day';

/**
 * The same change of places where there is no logical replication: writes pause, all books are copied into the receiver and
 * compared in one transaction, and the receiver takes over. Whatever fails before the commit is taken back; what the receiver
 * held before is then still there.
 * @throws ContentDiffers
 */
export async function changeOverPaused(
  tools: MoveTools,
  change: ChangeOver,
  onTable: (copied: number, of: number) => Promise<void>,
): Promise<void> {
  const { sender, receiver, direction } = change;
  await begin(tools, change, holdAtMost);
  const started = performance.now();
  let done = false;
  try {
    await tools.boundary?.('worked', `${direction}-hold`);
    await shutOut(sender, started + politeMs);
    await tools.boundary?.('worked', `${direction}-shut`);
    await fenceEvents(sender, change.operationId);
    const compared = await copyBooks(sender, receiver, {
      onTable,
      beforeCommit: async () => tools.boundary?.('worked', `${direction}-filled`),
    });
    await tools.boundary?.('worked', `${direction}-compare`);
    await takeSequences(change);
    await rename(receiver.client, sender.place.store.schema, change.schema);
    await setPath(receiver, change.schema);
    await tools.boundary?.('worked', `${direction}-rename`);
    await change.commit({ pauseMs: Math.round(performance.now() - started), compared });
    done = true;
  } finally {
    if (!done) await takeBack(tools, change);
  }
}
