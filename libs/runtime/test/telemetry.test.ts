import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startTelemetry, systemChance } from '../src/index.ts';

const common = { service: 'signalbox', version: '1.2.3', chance: systemChance };
const start = (instance: string, otlpUrl: string | null = null) => startTelemetry({ ...common, instance, otlpUrl });

describe('metrics', () => {
  it('are rendered for Prometheus, with the process they come from', async () => {
    const telemetry = await start('one');
    const { metrics } = telemetry;
    metrics.requestFinished({ route: '/v1/sessions', method: 'POST', status: 201, seconds: 0.003 });
    metrics.requestFinished({ route: '/v1/sessions', method: 'POST', status: 201, seconds: 0.004 });
    metrics.authFailed('replayed');
    metrics.rateLimited('write');
    metrics.shed('heap');
    metrics.appended('conflict', 0.001);
    metrics.scheduledLate('session', 0.02);
    metrics.swept('nonces', 7);
    metrics.backgroundFailed('relay');
    metrics.observe('openOffers', () => 3);
    metrics.observe('queueDepth', () => 4, 'log');
    metrics.observe('queueDepth', () => 5, 'bus');
    metrics.observe('keyStoreBytes', async () => 110_592);
    metrics.observe('keyStoreBound', async () => null);
    const text = await telemetry.renderMetrics();
    expect(text).not.toMatch(/^signalbox_key_store_bound_bytes /m);
    for (const line of [
      'target_info{service_name="signalbox",service_version="1.2.3",service_instance_id="one"} 1',
      'signalbox_http_request_duration_seconds_count{method="POST",status="201",route="/v1/sessions"} 2',
      'signalbox_http_request_duration_seconds_sum{method="POST",status="201",route="/v1/sessions"} 0.007',
      'signalbox_http_request_duration_seconds_bucket{method="POST",status="201",route="/v1/sessions",le="0.0025"} 0',
      'signalbox_http_request_duration_seconds_bucket{method="POST",status="201",route="/v1/sessions",le="0.005"} 2',
      'signalbox_auth_failures_total{reason="replayed"} 1',
      'signalbox_rate_limited_total{limit="write"} 1',
      'signalbox_shed_total{reason="heap"} 1',
      'signalbox_append_duration_seconds_count{outcome="conflict"} 1',
      'signalbox_scheduler_lateness_seconds_count{kind="session"} 1',
      'signalbox_swept_total{kind="nonces"} 7',
      'signalbox_background_failures_total{work="relay"} 1',
      'signalbox_key_store_bytes 110592',
      'signalbox_open_offers 3',
      'signalbox_queue_depth{part="log"} 4',
      'signalbox_queue_depth{part="bus"} 5',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    await telemetry.shutdown();
  });

  it('of two servers in one process do not mix', async () => {
    const [one, two] = [await start('one'), await start('two')];
    one.metrics.authFailed('malformed');
    two.metrics.authFailed('replayed');
    const [first, second] = [await one.renderMetrics(), await two.renderMetrics()];
    expect(first).toContain('reason="malformed"');
    expect(first).not.toContain('reason="replayed"');
    expect(second).toContain('reason="replayed"');
    expect(second).not.toContain('reason="malformed"');
    await Promise.all([one.shutdown(), two.shutdown()]);
  });
});

describe('traces', () => {
  it('are not made when there is nowhere to send them', async () => {
    const telemetry = await start('one');
    expect(telemetry.tracing).toBeNull();
    await telemetry.shutdown();
  });

  it('continue the trace of the request, and are sent at the latest at the end', async () => {
    const received: { readonly path: string | undefined; readonly bytes: Buffer }[] = [];
    const collector = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        received.push({ path: request.url, bytes: Buffer.concat(chunks) });
        response.end();
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const telemetry = await start('one', `http://127.0.0.1:${(collector.address() as AddressInfo).port}`);

    const parent = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true };
    const span = telemetry.tracing?.startRequest('POST', parent);
    expect(span?.context).toEqual({
      traceId: parent.traceId,
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      sampled: true,
    });
    expect(span?.context.spanId).not.toBe(parent.spanId);
    span?.end({ route: '/v1/sessions', status: 500 });
    const alone = telemetry.tracing?.startRequest('GET', undefined);
    expect(alone?.context.traceId).not.toBe(parent.traceId);

    await telemetry.shutdown();
    expect(received.map(({ path }) => path)).toEqual(['/v1/traces']);
    const sent = received[0]?.bytes ?? Buffer.alloc(0);
    expect(sent.includes(Buffer.from(parent.traceId, 'hex'))).toBe(true);
    expect(sent.includes('POST /v1/sessions')).toBe(true);
    collector.close();
  });

  it('are not sampled when the request says so', async () => {
    const telemetry = await start('one', 'http://127.0.0.1:9');
    const parent = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: false };
    const span = telemetry.tracing?.startRequest('GET', parent);
    expect(span?.context).toMatchObject({ traceId: parent.traceId, sampled: false });
    span?.end({ route: '/', status: 200 });
    await telemetry.shutdown();
  });
});
