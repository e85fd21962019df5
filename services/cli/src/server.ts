import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Given, OptionKind } from './arguments.ts';
import { Failure, WrongUsage } from './errors.ts';
import type { Host } from './host.ts';
import { settings } from './settings.ts';

export const DEFAULT_URL = 'http://127.0.0.1:3000';

/** A server that has not begun to answer by then will not. */
const PATIENCE_MS = 60_000;

/** The options of every command that talks to a server. */
export const serverOptions = {
  server: { takes: 'URL' },
  'data-dir': { takes: 'DIR' },
} as const satisfies Record<string, OptionKind>;

/** For the help of such a command, below its own options. */
export const serverHelp = `\
  --server URL     where the server is; ${DEFAULT_URL} unless given
  --data-dir DIR   where a server in development keeps the admin key that it made (SIGNALBOX_DATA_DIR, else ./data)

The admin key is the first of SIGNALBOX_ADMIN_KEYS, or of the file that SIGNALBOX_ADMIN_KEYS_FILE names; without them,
that of the data directory. It is sent to the server and printed nowhere.`;

export type ServerRequest = {
  readonly method?: 'GET' | 'POST';
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Media type; `application/json` unless given. */
  readonly accept?: string;
};

/**
 * A running server, asked with the admin key. Everything throws `Failure`, in words for a person, when the server is
 * away, refuses, or answers with something that it should not.
 */
export type Server = {
  readonly url: string;
  /** An answer that is not an error; its body has yet to be read. */
  readonly ask: (path: string, request?: ServerRequest) => Promise<Response>;
  readonly json: <T>(path: string, shape: z.ZodType<T>, request?: ServerRequest) => Promise<T>;
};

/** Throws `WrongUsage` when address or key are missing or wrong. */
export const serverOf = (given: Given, host: Host): Server => {
  const url = addressOf(given.text('server') ?? DEFAULT_URL);
  const config = settings(host, { SIGNALBOX_DATA_DIR: given.text('data-dir') }, [], ['SIGNALBOX_ADMIN_KEYS']);
  const key = config.secrets.adminKeys[0] ?? keyIn(config.dataDir);

  const ask: Server['ask'] = async (path, { method = 'GET', body, accept = 'application/json' } = {}) => {
    const silence = new AbortController();
    const stop = host.timers.after(PATIENCE_MS, () => silence.abort());
    try {
      const answer = await fetch(url + path, {
        method,
        headers: {
          ...{ authorization: `Bearer ${key}`, accept },
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        // The key goes to the address that was named, and to no other.
        redirect: 'manual',
        signal: silence.signal,
      });
      if (answer.ok) return answer;
      throw refusal(url, answer.status, await answer.text());
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw away(url, silence.signal.aborted, error);
    } finally {
      stop();
    }
  };

  return {
    url,
    ask,
    json: async (path, shape, request) => {
      const answer = await ask(path, request);
      const parsed = shape.safeParse(await answer.json().catch(() => undefined));
      if (parsed.success) return parsed.data;
      throw new Failure(
        `${url} answers ${path} with something that this version does not know. Use the command line of the version ` +
          'that the server has.',
      );
    },
  };
};

const addressOf = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.search && !url.hash) {
    return url.href.replace(/\/$/, '');
  }
  throw new WrongUsage(`--server needs the address of a server, such as ${DEFAULT_URL} or https://signal.example.org.`);
};

const keyIn = (dataDir: string): string => {
  const path = join(dataDir, 'keys', 'admin.key');
  try {
    const key = readFileSync(path, 'utf8').trim();
    if (key !== '') return key;
  } catch (cause) {
    throw noKey(path, cause);
  }
  throw noKey(path);
};

const noKey = (path: string, cause?: unknown): Failure =>
  new Failure(
    `There is no admin key: SIGNALBOX_ADMIN_KEYS is not set, and ${path} cannot be read. Set SIGNALBOX_ADMIN_KEYS or ` +
      'SIGNALBOX_ADMIN_KEYS_FILE as the server has it, or name its data directory: --data-dir DIR.',
    { cause },
  );

const problem = z.object({ title: z.string(), detail: z.string().optional(), code: z.string(), traceId: z.string() });

const refusal = (url: string, status: number, body: string): Failure => {
  if (status >= 300 && status < 400) {
    return new Failure(`${url} sends elsewhere (${status}). Name the address that it sends to: --server URL.`);
  }
  const { data } = problem.safeParse(jsonOf(body));
  if (!data)
    return new Failure(`${url} answers ${status}, and not as Signalbox does. Is it the right address? --server`);
  const { title, detail, code, traceId } = data;
  const hint = status === 401 || status === 403 ? ' The admin key is not one of this server: see --help.' : '';
  return new Failure(
    `${title} (${status} ${code}). ${detail ?? ''}${hint} Trace id ${traceId}.`.replace(/ {2,}/g, ' '),
  );
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const away = (url: string, isSilent: boolean, cause: unknown): Failure => {
  const why = isSilent
    ? `does not answer within ${PATIENCE_MS / 1_000} seconds`
    : `cannot be reached${reasonOf(cause)}`;
  return new Failure(`${url} ${why}. Is the server running, and is its address right? --server URL`, { cause });
};

/** What the platform's `fetch failed` is caused by. */
const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
};
