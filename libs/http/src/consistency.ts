import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from './problem.ts';

/** Where a command left a stream. */
export type Write = { readonly stream: string; readonly revision: number };

const HEADER = 'signalbox-consistency';
const MAX_TOKEN = 12_288;
/** Bytes of the list in it: a short token must not unfold into more than this. */
const MAX_LIST = 65_536;
const MAX_WRITES = 1_000;
/** Shorter lists are shorter as they are. */
const MAX_PLAIN_WRITES = 8;
const COMPRESSED = 'z.';
const ENTRY = /^([\w.-]{1,200})@(\d{1,15})$/;

/**
 * A token for what was written: opaque to clients, a list of `stream@revision` to us. Proxies take headers of 4 to 8 kB
 * in all, so longer lists are compressed: a hundred new sessions stay below 3 kB.
 */
export const consistencyToken = (writes: readonly Write[]): string => {
  const list = Buffer.from(writes.map(({ stream, revision }) => `${stream}@${revision}`).join('\n'));
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
export const parseConsistencyToken = (token: string): readonly Write[] | undefined => {
  const entries = listIn(token)?.split('\n');
  if (entries === undefined || entries.length > MAX_WRITES) return undefined;
  const writes: Write[] = [];
  for (const entry of entries) {
    const [, stream, revision] = ENTRY.exec(entry) ?? [];
    if (stream === undefined || revision === undefined) return undefined;
    writes.push({ stream, revision: Number(revision) });
  }
  return writes;
};

/** Tells the client what its command wrote, so that a query which sends the header back sees at least that. */
export const writesHeader = (reply: FastifyReply, writes: readonly Write[]): FastifyReply =>
  writes.length === 0 ? reply : reply.header(HEADER, consistencyToken(writes));

/** What the client wants to see at least; empty without the header. Throws a problem for one that is not ours. */
export const readConsistency = (request: FastifyRequest): readonly Write[] => {
  const token = request.headers[HEADER];
  if (token === undefined) return [];
  const writes = parseConsistencyToken(String(token));
  if (writes) return writes;
  throw new ProblemError('INVALID_PARAMS', {
    errors: [
      { path: `headers.${HEADER}`, message: 'is not a token of this server: send back one as it came, or none' },
    ],
  });
};
