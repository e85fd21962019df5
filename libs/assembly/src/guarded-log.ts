import type { AppendResult, EventLog } from '@signalbox/event-sourcing';
import { LogUnavailable } from '@signalbox/event-sourcing';
import { type Clock, createCircuitBreaker, type Metrics } from '@signalbox/runtime';

const THRESHOLD = 5;
const OPEN_MS = 2_000;

/**
 * The log behind a circuit breaker (L3), measured. Once it has failed repeatedly, further appends are refused at once
 * for a moment instead of queueing up behind a disk that is full.
 */
export const guardedLog = <L extends Pick<EventLog, 'append'>>(
  log: L,
  options: { readonly clock: Clock; readonly metrics: Metrics },
): Pick<EventLog, 'append'> & { readonly refuses: () => boolean } => {
  const { clock, metrics } = options;
  const breaker = createCircuitBreaker({
    name: 'The event log',
    threshold: THRESHOLD,
    openMs: OPEN_MS,
    isFault: (error) => error instanceof LogUnavailable,
    clock,
  });
  metrics.observe('breakerOpen', () => (breaker.state === 'closed' ? 0 : 1), 'log');
  return {
    /** True while appends are refused without being tried. */
    refuses: () => breaker.state === 'open',
    append: async (stream, events, expected, appendOptions): Promise<AppendResult> => {
      const startedAt = clock.monotonic();
      const seconds = () => (clock.monotonic() - startedAt) / 1_000;
      try {
        const result = await breaker.run(() => log.append(stream, events, expected, appendOptions));
        metrics.appended(result.kind, seconds());
        return result;
      } catch (error) {
        metrics.appended('failed', seconds());
        throw error;
      }
    },
  };
};
