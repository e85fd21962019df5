import { AsyncLocalStorage } from 'node:async_hooks';
import type { Chance } from './time.ts';

/** W3C Trace Context, version 00. Ids are lower-case hex: 32 digits for a trace, 16 for a span. */
export type TraceContext = { readonly traceId: string; readonly spanId: string; readonly sampled: boolean };

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZERO = /^0+$/;

/** Undefined for what is not a `traceparent`: it is then as if there had been none. */
export const parseTraceparent = (header: string | undefined): TraceContext | undefined => {
  if (header === undefined || header.length > 128) return undefined;
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(header) ?? [];
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (ZERO.test(traceId) || ZERO.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
};

export const formatTraceparent = ({ traceId, spanId, sampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;

/** The digits of a random UUID: cheap to make, and never all zero, since one digit tells the UUID's version. */
export const newTraceId = (chance: Chance): string => chance.uuid().replaceAll('-', '');

export const newSpanId = (chance: Chance): string => newTraceId(chance).slice(8, 24);

/** What every log line of a piece of work bears. */
export type WorkContext = { readonly requestId: string; readonly traceId: string };

const current = new AsyncLocalStorage<WorkContext>();

/** Runs the work, and all that it starts, with this context. */
export const runInContext = <T>(context: WorkContext, work: () => T): T => current.run(context, work);

export const currentContext = (): WorkContext | undefined => current.getStore();
