import ora from 'ora';

/** What a person sees while something takes longer than a second. Lines on a pipe, a spinner on a terminal. */
export interface Progress {
  step<T>(text: string, work: () => Promise<T>): Promise<T>;
  /** Says what the running step is doing. */
  say(text: string): void;
}

export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  let spinner: ReturnType<typeof ora> | undefined;
  return {
    async step(text, work) {
      const started = performance.now();
      const own = ora({ text, stream, isEnabled: stream.isTTY === true, discardStdin: false }).start();
      spinner = own;
      try {
        const result = await work();
        own.succeed(`${text} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
        return result;
      } catch (error) {
        own.fail(text);
        throw error;
      } finally {
        spinner = undefined;
      }
    },
    say(text) {
      if (spinner?.isSpinning) spinner.suffixText = text;
    },
  };
}
