import { parseArgs } from 'node:util';

export type Options = {
  /** Only what has this in its name. */
  readonly only: string | null;
  /** About how long each round of a rate lasts. */
  readonly seconds: number;
  readonly rounds: number;
};

export const HELP = `Measures the real server against a bare minimum, in the same run and on the same machine.

Usage
  npm run bench                              everything: about sixteen minutes
  npm run bench -- --only publish            the rows with "publish" in their names
  npm run bench -- --only discover           discovery at 100, 10,000 and 100,000 offers, and memory
  npm run bench -- --only startup            start-up with 10 thousand to 1 million events
  npm run bench -- --only scheduler          lateness with 100,000 pending timers
  npm run bench -- --only stack              the distributed stack, on a real Kafka and Redis: about ten minutes
  npm run bench -- --seconds 5 --rounds 5    longer and steadier

Options
  --only NAME      what to measure; everything unless given
  --seconds N      about how long each round lasts (1.5 unless given)
  --rounds N       how many rounds, of which the median counts (3 unless given)
  --help           this text

Prints tables, and writes them with all rounds to bench/results/<date>-<commit>.md and .json. Numbers of a machine that
is busy with something else are noise: look at the load average in the first line.
`;

/** What the command line asks for; a text when it can't be understood. */
export const readOptions = (args: readonly string[]): Options | 'help' | { readonly problem: string } => {
  const read = () =>
    parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        seconds: { type: 'string', default: '1.5' },
        rounds: { type: 'string', default: '3' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  try {
    const { values } = read();
    if (values.help) return 'help';
    const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];
    if (!(seconds > 0 && seconds <= 60)) return { problem: '--seconds takes a number above 0, and 60 at most.' };
    if (!(Number.isInteger(rounds) && rounds >= 1 && rounds <= 50)) {
      return { problem: '--rounds takes a whole number from 1 to 50.' };
    }
    return { only: values.only ?? null, seconds, rounds };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
};
