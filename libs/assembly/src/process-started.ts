import type { ServiceContext } from '@signalbox/runtime';
import { internalContext } from './internal-context.ts';
import type { WriteSide } from './write-side.ts';

/**
 * Records that a process began to serve: whoever asks why a call failed has to know what was interrupted. A log that
 * can't take it now does not keep a process from serving what it can.
 */
export const recordStart = async (
  { clock, instance, version, logger }: Pick<ServiceContext, 'clock' | 'instance' | 'version' | 'logger'>,
  role: string,
  operations: Pick<WriteSide['operations'], 'record'>,
): Promise<void> => {
  const data = { role, instance, version, startedAt: clock.now() };
  try {
    await operations.record({ type: 'ProcessStarted', data }, internalContext(`system:${role}`, instance));
  } catch (error) {
    logger.warn({ err: error }, 'it could not be recorded that this process started');
  }
};
