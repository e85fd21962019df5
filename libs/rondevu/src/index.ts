export { defaultLimits, type RondevuLimits, type RondevuOptions } from './options.ts';
export type { RondevuRequest } from './request.ts';
export { createRondevu, type Rondevu, type RondevuAnswer } from './rondevu.ts';
