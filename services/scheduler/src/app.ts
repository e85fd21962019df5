export { type CompensateOptions, compensate } from './compensate.ts';
export { type SweepOptions, sweepOnce, sweepRegularly } from './sweep.ts';
export { schedulerWork } from './work.ts';
