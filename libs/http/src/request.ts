import type { Caller } from '@signalbox/identity';
import type { Logger, RequestSpan } from '@signalbox/runtime';
import type {
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Claim } from './idempotency.ts';

export type Access = 'public' | 'optional' | 'caller' | 'audit' | 'admin';
export type RateClass = 'read' | 'write' | 'poll' | 'credentials' | 'rpc' | 'operations';

/** The application that routes are added to; schemas are zod's. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  Logger,
  ZodTypeProvider
>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call. Every route must say so: there is no default. `optional`: bad credentials are refused all the same. */
    access?: Access;
    /** Which limit the request counts against: `read` for GET, else `write`. */
    rate?: RateClass;
    /** `told`: the route is told by `withinLimit` that its caller's address has used up the limit, and refuses in its own way. */
    limit?: 'told';
    /** What the request costs its caller and its address; 1 when left out. Sees the body before it has been validated. */
    operations?: (request: FastifyRequest) => number;
    /** Honours `Idempotency-Key`. */
    idempotent?: boolean;
    /** The most bytes of a body, where that is less than SIGNALBOX_MAX_BODY_BYTES allows. */
    maxBodyBytes?: number;
    /** Instead of the usual deadline, for what waits on purpose. */
    deadlineMs?: number;
    /** `rondevu`: the rules that its clients know. */
    cors?: 'rondevu';
    /** Written to the log at `debug`: what machines ask for every few seconds. */
    quiet?: boolean;
  }
  interface FastifyRequest {
    /** Who is calling, proved; null when nobody says so. */
    caller: Caller | null;
    /** The same for a request and its retries with the same `Idempotency-Key`, until the key expires; null without one. */
    commandId: string | null;
    /** W3C trace context to be kept with what this request causes; null when the request had none and none is made. */
    traceparent: string | null;
    /** False only for routes with `limit: 'told'`. */
    withinLimit: boolean;
    /** 32 hex digits; always there. */
    traceId: string;
    /** Why the caller was not believed, in one word of a closed list. */
    authFailure: string | null;
    /** The body as it came; null when there was none. */
    rawBody: Uint8Array | null;
    /** The client's address, or null when the trusted proxy did not tell. */
    clientAddress: string | null;
    /** Aborts when nobody waits for the answer any more: the client has gone, or the deadline has passed. */
    readonly gone: AbortSignal;
    /** The route's configuration. */
    settings: FastifyContextConfig & { readonly url?: string };
    /** On the monotonic clock. */
    startedAt: number;
    span: RequestSpan | null;
    /** Its end has been logged and counted. */
    isTold: boolean;
    claim: Claim | null;
    cancelDeadline: (() => void) | null;
    goneController: AbortController | null;
    answer: RawReplyDefaultExpression | null;
  }
  interface FastifyInstance {
    /** Aborts when the application begins to close: who waits should answer now. */
    readonly closing: AbortSignal;
    /** Epoch milliseconds. */
    readonly now: () => number;
  }
}
