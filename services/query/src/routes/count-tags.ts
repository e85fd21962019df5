import type { QueryRoute } from '../app.ts';

export const countTags: QueryRoute = async (app, { v1, discover }) => {
  app.route({
    method: 'GET',
    url: '/v1/tags',
    config: { access: 'optional', rate: 'read' },
    schema: {
      summary: 'Count open offers, or their publishers, for each tag',
      tags: ['discovery'],
      querystring: v1.countTags.query,
      response: { 200: v1.countTags.answer },
    },
    handler: async (request, reply) => {
      const { tag, unique } = request.query;
      const counts = await discover.count(tag, unique === 'true');
      return reply.code(200).send({ counts: Object.fromEntries(counts) });
    },
  });
};
