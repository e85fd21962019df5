export { type CompensateOptions, compensate } from './compensate.ts';
export { type SweepOptions, sweepOnce, sweepRegularly } from './sweep.ts';
