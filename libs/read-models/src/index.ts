export type * from './ports.ts';
export type * from './rows.ts';
