import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from './problem.ts';

/** Where a command left a stream. */
export type Write = { readonly stream: string; readonly revision: number };

const HEADER = 'signalbox-consistency';
const MAX_TOKEN = 12_288;
const MAX_WRITES = 1_000;
const ENTRY = /^([\w.-]{1,200})@(\d{1,15})$/;

/** A token for what was written: opaque to clients, a list of `stream@revision` to us. */
export const consistencyToken = (writes: readonly Write[]): string =>
  Buffer.from(writes.map(({ stream, revision }) => `${stream}@${revision}`).join('\n')).toString('base64url');

/** Undefined for what no server of this kind has made. */
export const parseConsistencyToken = (token: string): readonly Write[] | undefined => {
  if (token.length > MAX_TOKEN || !/^[\w-]+$/.test(token)) return undefined;
  const entries = Buffer.from(token, 'base64url').toString('latin1').split('\n');
  if (entries.length > MAX_WRITES) return undefined;
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
