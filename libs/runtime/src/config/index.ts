export type { Config, RateLimits } from './config.ts';
export { configurationTables, envExample, variables } from './documents.ts';
export { type Env, loadConfig } from './load.ts';
export type { StackPart } from './rules.ts';
