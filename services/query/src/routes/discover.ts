import { sendProblem } from '@signalbox/http';
import type { QueryRoute } from '../app.ts';
import { presentOffer } from '../present.ts';

export const discover: QueryRoute = async (app, { v1, discover: queries, notices }) => {
  app.route({
    method: 'GET',
    url: '/v1/sessions',
    config: { access: 'optional', rate: 'read' },
    schema: {
      summary: 'Discover open offers by tag or service, newest first or one at random',
      tags: ['discovery'],
      querystring: v1.discover.query,
      response: { 200: v1.discover.answer },
    },
    handler: async (request, reply) => {
      const { tag, service = null, limit, cursor = null, pick } = request.query;
      const filter = { tags: tag, service, except: request.caller?.identity ?? null };
      if (pick === 'random') {
        const offer = await queries.random(filter);
        if (offer) notices.discovered([offer]);
        return offer ? reply.code(200).send(presentOffer(offer)) : sendProblem(reply, 'OFFER_NOT_FOUND');
      }
      const page = await queries.page(filter, limit, cursor);
      if (page === 'invalid_cursor') return sendProblem(reply, 'INVALID_CURSOR');
      notices.discovered(page.offers);
      return reply.code(200).send({ sessions: page.offers.map(presentOffer), cursor: page.cursor });
    },
  });
};
