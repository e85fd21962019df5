import type { Readable, Writable } from 'node:stream';
import type { Chance, Clock, Env, Timers } from '@signalbox/runtime';

/** What main.ts takes from its process. */
export type Host = {
  readonly env: Env;
  /** Without the program and the script. */
  readonly args: readonly string[];
  readonly version: string;
  /** Opened by whoever reads it. */
  readonly stdin: () => Readable;
  /** Nothing but data, and help for whoever asks for it. */
  readonly stdout: Writable;
  /** What a person is told: progress, outcomes, errors. */
  readonly stderr: (text: string) => void;
  readonly isTerminal: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  /** Another program reads what is written, and may have a progress bar of its own on the same terminal. */
  readonly isPiped: boolean;
  /** Characters in a line of the terminal. */
  readonly columns: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly chance: Chance;
};
