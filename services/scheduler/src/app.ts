export { type CompensateOptions, compensate } from './compensate.ts';
export { createObserver, type ObserveOptions, type Observer, observeRegularly } from './observe.ts';
export {
  createRetention,
  type Retained,
  type RetentionKeys,
  type RetentionOptions,
  retainRegularly,
} from './retention.ts';
export { type SweepOptions, sweepOnce, sweepRegularly } from './sweep.ts';
export { schedulerWork } from './work.ts';
