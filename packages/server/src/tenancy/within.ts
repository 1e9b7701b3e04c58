export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/**
 * What the promise brings, when it comes in time; nobody waits for it any more afterwards. What it does is not ended by that.
 * @throws what `late` makes: by default TimedOut
 */
export async function within<T>(
  ms: number,
  promise: Promise<T>,
  late: () => Error = () => new TimedOut(`no answer within ${ms} ms`),
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  promise.catch(() => {}); // when the time is over, nobody hears of it
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
