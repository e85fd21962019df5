import { Agent, request } from 'undici';
import type { Prepared } from '../driver/load.ts';
import { type Caller, prepare } from '../rows/callers.ts';

export type Answer = { readonly body: Buffer; readonly token: string | null };

export type Client = {
  /** Rejects when the answer is not the one that is meant to come. */
  send(origin: string, by: Caller, what: Request): Promise<Answer>;
  close(): Promise<void>;
};

type Request = {
  readonly method: Prepared['method'];
  readonly path: string;
  readonly body?: unknown;
  readonly status: number;
  /** Names and values in turn. */
  readonly headers?: readonly string[];
  readonly signal?: AbortSignal;
};

/** As many connections as are needed, kept open. */
export const openClient = (): Client => {
  const dispatcher = new Agent({ connections: 512, keepAliveTimeout: 60_000 });
  return {
    send: async (origin, by, { method, path, body, status, headers = [], signal }) => {
      const prepared = prepare(by, origin, method, path, body, status);
      const answer = await request(origin + path, {
        ...{ method, body: prepared.body, headers: [...prepared.headers, ...headers], dispatcher },
        ...(signal && { signal }),
      });
      const bytes = Buffer.from(await answer.body.arrayBuffer());
      if (answer.statusCode !== status)
        throw new Error(`${method} ${path} was answered ${answer.statusCode}: ${bytes}`);
      const token = answer.headers['signalbox-consistency'];
      return { body: bytes, token: typeof token === 'string' ? token : null };
    },
    close: () => dispatcher.close(),
  };
};
