import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { anApp } from './harness.ts';

const body = z.strictObject({
  tags: z.array(z.string().max(5)).max(3),
  offers: z.array(z.object({ sdp: z.string().max(9) })).max(3),
  candidate: z.unknown(),
});

const hostileText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    '\u0000',
    '\ud800',
    '../../etc',
    '%00',
    "' OR 1=1 --",
    '{{7*7}}',
    'a'.repeat(5_000),
  ),
);
const hostileJson = fc.oneof(
  fc.json({ maxDepth: 6 }),
  hostileText,
  fc
    .record({
      tags: fc.array(hostileText),
      offers: fc.array(fc.record({ sdp: fc.jsonValue() })),
      candidate: fc.jsonValue(),
    })
    .map((value) => JSON.stringify(value)),
);

describe('hostile requests', () => {
  it('are answered with less than 500, a problem with a trace id, and no trace of the inside', async () => {
    const { app } = await anApp({ env: { SIGNALBOX_RATE_LIMITS: 'off' } });
    app.post(
      '/v1/things/:id',
      {
        config: { access: 'optional', idempotent: true },
        schema: { params: z.object({ id: z.string().max(9) }), body },
      },
      async () => ({ ok: true }),
    );
    await app.ready();
    const request = fc.record({
      payload: hostileJson,
      id: hostileText.map((text) => encodeURIComponent(text.toWellFormed())),
      type: fc.constantFrom('application/json', 'application/json; charset=x', 'text/plain', 'a/b/c', ''),
      key: hostileText.map((text) => text.replace(/[^\x20-\x7e]/g, '?').trim()),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ payload, id, type, key }) => {
        const response = await app.inject({
          method: 'POST',
          url: `/v1/things/${id}`,
          payload,
          headers: {
            'content-type': type,
            'idempotency-key': key,
            traceparent: key,
            'x-request-id': key,
            'signalbox-consistency': key,
          },
        });
        expect(response.statusCode).toBeLessThan(500);
        if (response.statusCode < 400) return;
        expect(response.headers['content-type']).toContain('application/problem+json');
        expect(response.json()).toMatchObject({
          status: response.statusCode,
          traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
        });
        expect(response.body).not.toMatch(/node_modules|at .*\.ts:\d/);
      }),
      { numRuns: 300 },
    );
  });
});
