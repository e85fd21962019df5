export type { CommandContext } from '@signalbox/event-sourcing';
export * from './credential-commands.ts';
export type { Settled } from './execute.ts';
export * from './observation-commands.ts';
export * from './operations-commands.ts';
export * from './outcome.ts';
export type * from './ports/session-quota.ts';
export * from './session-commands.ts';
