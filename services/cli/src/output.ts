import { once } from 'node:events';
import { createWriteStream, renameSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** Written beside its place and put there at the end, so that there is never half an export under its name. */
export const newFile = (path: string): { readonly stream: Writable; readonly done: () => Promise<void> } => {
  const draft = `${path}.part`;
  const stream = createWriteStream(draft, { mode: 0o600, flush: true });
  stream.on('error', () => {}); // it is told to whoever writes
  return {
    stream,
    done: async () => {
      stream.end();
      await once(stream, 'close');
      if (stream.errored) throw stream.errored;
      renameSync(draft, path);
    },
  };
};

/** Resolves when the stream has taken it. */
export const write = (stream: Writable, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });

/** Whoever reads wants no more. */
export const isBrokenPipe = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EPIPE';
