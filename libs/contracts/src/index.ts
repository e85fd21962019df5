export * from './errors.ts';
export type { InputLimits } from './limits.ts';
export { credentialName, plainName, semanticVersion } from './names.ts';
export { depthOf } from './opaque-json.ts';
export { createV1, type V1 } from './v1.ts';
