export * from './examples/credential.ts';
export { metadata } from './examples/metadata.ts';
export * from './examples/operations.ts';
export * from './examples/session.ts';
export { type FakeClock, fakeClock } from './fake-clock.ts';
export { frozen } from './frozen.ts';
export { settle, until } from './real-time.ts';
export { seededChance } from './seeded-chance.ts';
export { type Spec, specFor } from './spec-for.ts';
