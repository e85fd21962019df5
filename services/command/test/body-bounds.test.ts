import { createV1 } from '@signalbox/contracts';
import { fastify } from 'fastify';
import { expect, it } from 'vitest';
import { type CommandDeps, commandRoutes } from '../src/app.ts';

/** A double: the routes are added and never called. */
const neverCalled = {
  v1: createV1({
    ...{ maxSdpLength: 65_536, maxCandidateBytes: 4_096, maxCandidateDepth: 10, maxCandidatesPerRequest: 100 },
    ...{ maxOffersPerRequest: 100, maxTags: 20, maxTagLength: 64, maxBatch: 100, maxOperations: 1_000 },
  }),
} as CommandDeps;

it('only publishing takes as long a body as the configuration allows', async () => {
  const app = fastify({ exposeHeadRoutes: false });
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  const bounds: Record<string, number | undefined> = {};
  app.addHook('onRoute', ({ method, url, config }) => {
    bounds[`${method} ${url}`] = config?.maxBodyBytes;
  });
  await app.register(commandRoutes, neverCalled);
  await app.ready();
  expect(bounds).toEqual({
    'POST /v1/credentials': 65_536,
    'POST /v1/credentials/:name/rotations': 65_536,
    'DELETE /v1/credentials/:name': 65_536,
    'POST /v1/tokens': 65_536,
    'POST /v1/sessions': undefined,
    'PATCH /v1/sessions/:sessionId': 65_536,
    'DELETE /v1/sessions/:sessionId': 65_536,
    'POST /v1/sessions/:sessionId/answer': 1_048_576,
    'POST /v1/sessions/:sessionId/candidates': 1_048_576,
    'POST /v1/sessions/:sessionId/report': 65_536,
  });
});
