import { observationsContract } from '@signalbox/conformance';
import { memoryObservations } from '../src/observations.ts';

observationsContract('memory', async (bounds) => {
  const observations = memoryObservations(bounds);
  return { noticing: observations, recording: observations, flushed: async () => undefined };
});
