import {
  checkpointsAnswer,
  checkpointsQuery,
  consistencyAnswer,
  consistencyQuery,
  eventPath,
  eventProof,
  eventProofQuery,
  provenSessionPath,
  sessionProof,
} from '@signalbox/contracts';
import { type RecordedEvent, type StreamReader, streamName } from '@signalbox/event-sourcing';
import {
  hashLeaf,
  hashOfRecorded,
  hex,
  leafData,
  makeProof,
  originOf,
  proveInclusion,
  type RecordedCheckpoints,
  type TileStore,
  TilesBroken,
  tiledTree,
  type VerifierKey,
} from '@signalbox/evidence';
import { sendProblem } from '@signalbox/http';
import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { positionCursor } from './cursors.ts';
import { forAuditors } from './deps.ts';

export type EvidenceDeps = {
  readonly logId: string;
  /** The first signs. */
  readonly keys: readonly VerifierKey[];
  readonly log: StreamReader;
  readonly find: (eventId: string, position?: number) => Promise<RecordedEvent | undefined>;
  readonly checkpoints: RecordedCheckpoints;
  readonly tiles: TileStore;
};

const tags = ['audit'];

const NOT_FOUND =
  'No event with this id was found. Not every id tells where its event is: add ?position=, which stands beside the id ' +
  'wherever events are shown.';
const NOT_THERE = 'The event at this position has another id, or no checkpoint covers it yet.';

/** Checkpoints of the log and proofs that lead to them, for holders of the scope `audit`. */
export const auditEvidence: FastifyPluginAsyncZod<EvidenceDeps> = async (app, deps) => {
  const { logId, keys, log, find, checkpoints, tiles } = deps;

  /** The newest checkpoint that proofs can be made to. */
  const provable = async () => checkpoints.newest(await tiles.size());

  /** While the tiles are made anew, or before the first checkpoint, there is nothing to prove with. */
  const notYet = (reply: FastifyReply) =>
    sendProblem(reply, 'NOT_CAUGHT_UP', {
      detail: 'No checkpoint covers this yet. There is one within a second, or when the tree has been made anew.',
      retryAfterMs: 1_000,
    });

  const unlessBroken = async <T>(work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TilesBroken) return null;
      throw error;
    }
  };

  app.route({
    method: 'GET',
    url: '/v1/audit/checkpoints',
    config: forAuditors,
    schema: {
      tags,
      summary: 'Signed checkpoints of the log, newest first, and the keys that verify them',
      querystring: checkpointsQuery,
      response: { 200: checkpointsAnswer },
    },
    handler: async (request, reply) => {
      const { limit, cursor } = request.query;
      const before = cursor === undefined ? Number.POSITIVE_INFINITY : positionCursor.decode(cursor);
      if (before === undefined) return sendProblem(reply, 'INVALID_CURSOR');
      const found = await checkpoints.before(before, limit);
      return {
        origin: originOf(logId),
        keys: keys.map(({ keyId, text }) => ({ keyId, publicKey: text })),
        checkpoints: found.checkpoints.map(({ size, root, position, recordedAt, note }) => ({
          ...{ size, root: hex(root), position, signedAt: recordedAt, note },
        })),
        cursor: found.next === null ? null : positionCursor.encode(found.next),
      };
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/audit/checkpoints/latest',
    config: forAuditors,
    schema: {
      tags,
      summary: 'The newest checkpoint, as a signed note: keep it elsewhere',
      response: { 200: z.string() },
    },
    handler: async (_request, reply) => {
      const newest = await checkpoints.newest();
      if (!newest) return notYet(reply);
      return reply.type('text/plain; charset=utf-8').send(newest.note);
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/audit/events/:eventId/proof',
    config: forAuditors,
    schema: {
      tags,
      summary: 'What shows that an event is in the signed log',
      params: eventPath,
      querystring: eventProofQuery,
      response: { 200: eventProof },
    },
    handler: async (request, reply) => {
      const { position } = request.query;
      const found = await unlessBroken(async () => ({ event: await find(request.params.eventId, position) }));
      if (!found) return notYet(reply);
      const { event } = found;
      if (!event) return sendProblem(reply, 'NOT_FOUND', { detail: position === undefined ? NOT_FOUND : NOT_THERE });
      const checkpoint = await provable();
      const inclusion = checkpoint && (await unlessBroken(() => proveInclusion(tiles, checkpoint, event)));
      if (!inclusion) return notYet(reply);
      const hash = hashOfRecorded(event);
      const leaf = leafData(event, hash);
      return {
        ...{ eventId: event.id, position: event.position, recordedAt: event.recordedAt, hash: hex(hash) },
        ...{ leaf, leafHash: hex(hashLeaf(leaf)), index: inclusion.index, size: inclusion.size },
        ...{ root: hex(checkpoint.root), hashes: inclusion.hashes.map(hex), checkpoint: checkpoint.note },
      };
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/audit/consistency',
    config: forAuditors,
    schema: {
      tags,
      summary: 'What shows that the log of one checkpoint begins with that of an earlier one',
      querystring: consistencyQuery,
      response: { 200: consistencyAnswer },
    },
    handler: async (request, reply) => {
      const { from, to } = request.query;
      if (from > to) {
        return sendProblem(reply, 'INVALID_PARAMS', { detail: 'from must not be larger than to.' });
      }
      if (to > (await tiles.size())) return notYet(reply);
      const tree = tiledTree(tiles);
      const proof = await unlessBroken(async () => ({
        roots: { from: hex(await tree.root(from)), to: hex(await tree.root(to)) },
        hashes: (await tree.consistency(from, to)).map(hex),
      }));
      return proof ? { from, to, ...proof } : notYet(reply);
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/audit/sessions/:sessionId/proof',
    config: forAuditors,
    schema: {
      tags,
      summary: 'Everything that is needed to check a session offline; payloads stay sealed',
      params: provenSessionPath,
      response: { 200: sessionProof },
    },
    handler: async (request, reply) => {
      const { sessionId } = request.params;
      const streams = ['session', 'observation'].map((category) => log.readStream(streamName(category, sessionId)));
      const events = (await Promise.all(streams)).flat();
      if (events.length === 0) return sendProblem(reply, 'OFFER_NOT_FOUND');
      const checkpoint = await provable();
      if (!checkpoint) return notYet(reply);
      const { note } = checkpoint;
      const bundle = await unlessBroken(() => makeProof({ logId, sessionId, note, checkpoint, keys, tiles, events }));
      return bundle ?? notYet(reply);
    },
  });
};
