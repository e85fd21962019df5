export { type Cause, causes } from './catalogue.ts';
export { diagnose } from './diagnose.ts';
export type { Evidence, Fact, Outcome, Verdict } from './facts.ts';
