import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from './problem.ts';

/** Where a command left a stream. */
export type Write = { readonly stream: string; readonly revision: number };

/** What a token stands for; `writtenAt` in epoch milliseconds, by the clock of the instance that made it. */
export type Consistency = { readonly writes: readonly Write[]; readonly writtenAt: number };

const HEADER = 'signalbox-consistency';
const MAX_TOKEN = 12_288;
/** Bytes of the list in it: a short token must not unfold into more than this. */
const MAX_LIST = 65_536;
const MAX_WRITES = 1_000;
/** Shorter lists are shorter as they are. */
const MAX_PLAIN_WRITES = 8;
const COMPRESSED = 'z.';
const TIME = /^@(\d{1,15})$/;
const ENTRY = /^([\w.-]{1,200})@(\d{1,15})$/;

/**
 * A token for what was written: opaque to clients, to us the time and a list of `stream@revision`. Proxies take
 * headers of 4 to 8 kB in all, so longer lists are compressed: a hundred new sessions stay below 3 kB.
 */
export const consistencyToken = ({ writes, writtenAt }: Consistency): string => {
  const entries = writes.map(({ stream, revision }) => `${stream}@${revision}`);
  const list = Buffer.from([`@${Math.trunc(writtenAt)}`, ...entries].join('\n'));
  if (writes.length <= MAX_PLAIN_WRITES) return list.toString('base64url');
  return COMPRESSED + deflateRawSync(list).toString('base64url');
};

/** The list in a token; undefined for what can't be one. */
const listIn = (token: string): string | undefined => {
  const isCompressed = token.startsWith(COMPRESSED);
  const encoded = isCompressed ? token.slice(COMPRESSED.length) : token;
  if (token.length > MAX_TOKEN || !/^[\w-]+$/.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, 'base64url');
  if (!isCompressed) return bytes.toString('latin1');
  try {
    return inflateRawSync(bytes, { maxOutputLength: MAX_LIST }).toString('latin1');
  } catch {
    return undefined; // whatever is wrong with it, it is not ours
  }
};

/** Undefined for what no server of this kind has made. */
export const parseConsistencyToken = (token: string): Consistency | undefined => {
  const [head = '', ...entries] = listIn(token)?.split('\n') ?? [];
  const writtenAt = TIME.exec(head)?.[1];
  if (writtenAt === undefined || entries.length === 0 || entries.length > MAX_WRITES) return undefined;
  const writes: Write[] = [];
  for (const entry of entries) {
    const [, stream, revision] = ENTRY.exec(entry) ?? [];
    if (stream === undefined || revision === undefined) return undefined;
    writes.push({ stream, revision: Number(revision) });
  }
  return { writes, writtenAt: Number(writtenAt) };
};

/** Tells the client what its command wrote, so that a query which sends the header back sees at least that. */
export const writesHeader = (reply: FastifyReply, writes: readonly Write[]): FastifyReply =>
  writes.length === 0 ? reply : reply.header(HEADER, consistencyToken({ writes, writtenAt: reply.server.now() }));

/** What the client wants to see at least; null without the header. Throws a problem for one that is not ours. */
export const readConsistency = (request: FastifyRequest): Consistency | null => {
  const token = request.headers[HEADER];
  if (token === undefined) return null;
  const consistency = parseConsistencyToken(String(token));
  if (consistency) return consistency;
  throw new ProblemError('INVALID_PARAMS', {
    errors: [
      { path: `headers.${HEADER}`, message: 'is not a token of this server: send back one as it came, or none' },
    ],
  });
};
