/** `npm run test:long` (`.ci/run` calls it) repeats what is random far more often than `npm test` does. */
export const isLongForm = process.env['TEST_LONG'] === '1';

/** How often: in `npm test`, in the long form. */
export const repeated = (short: number, long: number): number => (isLongForm ? long : short);
