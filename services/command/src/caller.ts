import type { FastifyRequest } from 'fastify';

/** The proven identity. Only for routes whose access is `caller` or more: there the factory has seen to it. */
export const callerOf = (request: FastifyRequest): string => {
  if (!request.caller) throw new Error(`${request.routeOptions.url} was reached without a caller.`);
  return request.caller.identity;
};
