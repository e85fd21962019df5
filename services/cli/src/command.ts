import type { Given, OptionKind } from './arguments.ts';
import type { Host } from './host.ts';

/** One thing that `signalbox` can do. */
export type Command = {
  /** One word, or a group and what to do in it: `keys rotate`. */
  readonly name: string;
  /** For the list of commands: a line. */
  readonly summary: string;
  readonly help: string;
  /** The values it needs beside its options, by the names that its help gives them: `['SESSION']`. None may be left out. */
  readonly positionals?: readonly string[];
  readonly options: Readonly<Record<string, OptionKind>>;
  /** Resolves when it is done; throws `WrongUsage`, or an error with a `code` and a message for a person. */
  readonly run: (given: Given, host: Host) => Promise<void>;
};
