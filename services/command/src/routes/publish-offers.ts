import { callerOf, writesHeader } from '@signalbox/http';
import type { CommandRoute } from '../app.ts';
import { commandContext } from '../context.ts';
import { lengthOf } from '../operations.ts';
import { sendRefusal } from '../refusals.ts';

export const publishOffers: CommandRoute = async (app, { v1, sessions }) => {
  app.route({
    method: 'POST',
    url: '/v1/sessions',
    config: {
      access: 'caller',
      rate: 'write',
      idempotent: true,
      operations: ({ body }) => lengthOf(body, 'offers'),
    },
    schema: {
      summary: 'Publish one or many offers',
      tags: ['sessions'],
      body: v1.publish.body,
      response: { 201: v1.publish.answer },
    },
    handler: async (request, reply) => {
      const { tags = [], service = null, ttlMs = null, offers } = request.body;
      const wanted = { tags, service, ttlMs, sdps: offers.map((offer) => offer.sdp) };
      const result = await sessions.publish(callerOf(request), wanted, commandContext(request));
      if (result.kind === 'refused') return sendRefusal(reply, result.refusal);
      writesHeader(reply, result.writes);
      return reply.code(201).send({
        sessions: result.value.map(({ sessionId, createdAt, expiresAt }) => ({ sessionId, createdAt, expiresAt })),
      });
    },
  });
};
