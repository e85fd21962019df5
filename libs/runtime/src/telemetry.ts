import type { SpanContext, Tracer } from '@opentelemetry/api';
import { createMetrics, type Metrics } from './metrics.ts';
import type { Chance } from './time.ts';
import { newSpanId, newTraceId, type TraceContext } from './trace-context.ts';

/** The span of one request. */
export interface RequestSpan {
  /** For what the request causes: this span is its parent. */
  readonly context: TraceContext;
  end(result: { readonly route: string; readonly status: number }): void;
}

export interface Tracing {
  startRequest(method: string, parent: TraceContext | undefined): RequestSpan;
}

export interface Telemetry {
  readonly metrics: Metrics;
  /** Null when traces are sent nowhere; no span is made then. */
  readonly tracing: Tracing | null;
  /** All metrics in the text format of Prometheus. */
  renderMetrics(): Promise<string>;
  /** Sends what has not been sent. */
  shutdown(): Promise<void>;
}

/**
 * Starts the OpenTelemetry SDK for this process. The SDK is loaded only here and only now: it takes a quarter of a
 * second, which no test and no tool should pay for. There is no automatic instrumentation: it would cost more than all
 * the rest of a request, and what we record by hand is less and tells more.
 */
export const startTelemetry = async (options: {
  readonly service: string;
  readonly version: string;
  readonly instance: string;
  readonly otlpUrl: string | null;
  readonly chance: Chance;
}): Promise<Telemetry> => {
  const { service, version, instance, otlpUrl, chance } = options;
  const [api, { NodeSDK }, { PrometheusExporter, PrometheusSerializer }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-node'),
      import('@opentelemetry/exporter-prometheus'),
      import('@opentelemetry/resources'),
    ]);
  const reader = new PrometheusExporter({ preventServerStart: true });
  const sdk = new NodeSDK({
    autoDetectResources: false,
    resource: resourceFromAttributes({
      'service.name': service,
      'service.version': version,
      'service.instance.id': instance,
    }),
    metricReaders: [reader],
    spanProcessors: otlpUrl === null ? [] : [await spanProcessor(otlpUrl)],
    // Without these the SDK would send logs and read propagation settings as its own variables say.
    logRecordProcessors: [],
    textMapPropagator: null,
    idGenerator: { generateTraceId: () => newTraceId(chance), generateSpanId: () => newSpanId(chance) },
  });
  // The SDK registers itself globally, where the first one wins. Several servers can live in one process, so each
  // takes its own providers from there and leaves the place empty for the next.
  api.metrics.disable();
  api.trace.disable();
  sdk.start();
  const meter = api.metrics.getMeterProvider().getMeter(service);
  const tracer = api.trace.getTracer(service);
  api.metrics.disable();
  api.trace.disable();

  const serializer = new PrometheusSerializer('', false, undefined, false, true);
  return {
    metrics: createMetrics(meter),
    tracing: otlpUrl === null ? null : requestTracing(tracer, api),
    renderMetrics: async () => {
      const { resourceMetrics, errors } = await reader.collect();
      if (errors.length > 0) throw new AggregateError(errors, 'Some metrics could not be read');
      return serializer.serialize(resourceMetrics);
    },
    shutdown: () => sdk.shutdown(),
  };
};

const spanProcessor = async (otlpUrl: string) => {
  const [{ BatchSpanProcessor }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
  ]);
  return new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${otlpUrl}/v1/traces` }) });
};

const requestTracing = (tracer: Tracer, api: typeof import('@opentelemetry/api')): Tracing => {
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } = api;
  return {
    startRequest: (method, parent) => {
      const remote: SpanContext | undefined = parent && {
        traceId: parent.traceId,
        spanId: parent.spanId,
        traceFlags: parent.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
        isRemote: true,
      };
      const under = remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT;
      const attributes = { 'http.request.method': method };
      const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, under);
      const { traceId, spanId, traceFlags } = span.spanContext();
      return {
        context: { traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 },
        end: ({ route, status }) => {
          span.updateName(`${method} ${route}`);
          span.setAttributes({ 'http.route': route, 'http.response.status_code': status });
          if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
  };
};
