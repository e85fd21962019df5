import type { GatewayRoute } from '../app.ts';
import { landingPage } from '../landing-page.ts';

/** A page for people; for a client that asks for JSON, what Rondevu's servers answer at this path. */
export const landing: GatewayRoute = async (app, { version, publicUrl, healthy, liveSessions }) => {
  app.route({
    method: 'GET',
    url: '/',
    config: { access: 'public', rate: 'operations' },
    schema: { hide: true },
    handler: async (request, reply) => {
      const sessions = await liveSessions();
      if (prefersJson(request.headers.accept)) {
        const description = 'WebRTC signaling with a flight recorder. Speaks Rondevu’s protocol at /rpc.';
        return reply.send({ version, name: 'Rondevu', description, server: 'Signalbox', stats: { offers: sessions } });
      }
      return reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'")
        .send(
          landingPage({
            address: publicUrl ?? `${request.protocol}://${request.host}`,
            version,
            healthy: await healthy(),
            sessions,
          }),
        );
    },
  });
};

const prefersJson = (accept: string | undefined): boolean =>
  accept?.includes('application/json') === true && !accept.includes('text/html');
