import { BusUnavailable } from '@signalbox/event-sourcing';

/** The library's error as the port has it. */
export const unavailable = (what: string, cause: unknown): BusUnavailable =>
  cause instanceof BusUnavailable
    ? cause
    : new BusUnavailable(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
