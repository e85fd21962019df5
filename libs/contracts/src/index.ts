export { asyncApi } from './broker/async-api.ts';
export { type DeadLetterHeaders, type DeadLetterReason, deadLetterHeaders } from './broker/dead-letter.ts';
export { type EventHeaders, type EventMessage, eventHeaders, eventMessage } from './broker/event-message.ts';
export { type Topics, topicsOf } from './broker/topics.ts';
export * from './errors.ts';
export type { InputLimits } from './limits.ts';
export { credentialName, plainName, semanticVersion } from './names.ts';
export { depthOf } from './opaque-json.ts';
export { createV1, type V1 } from './v1.ts';
