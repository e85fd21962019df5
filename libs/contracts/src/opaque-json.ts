import { z } from 'zod';

/** How deep containers are nested: 0 for a scalar, 1 for `[]` and `{}`. Stops counting beyond `limit`. */
export const depthOf = (value: unknown, limit: number): number => {
  if (typeof value !== 'object' || value === null) return 0;
  if (limit === 0) return 1;
  let deepest = 0;
  for (const member of Object.values(value)) {
    deepest = Math.max(deepest, depthOf(member, limit - 1));
    if (deepest >= limit) break;
  }
  return deepest + 1;
};

/**
 * A JSON object or array that is kept and handed on as it is. The same reference passes through: a schema that looked
 * inside would lose members it does not know.
 */
export const opaqueJson = (limits: { readonly maxBytes: number; readonly maxDepth: number }) =>
  z
    .custom<Readonly<Record<string, unknown>>>((value) => typeof value === 'object' && value !== null, {
      error: 'must be a JSON object',
      abort: true,
    })
    .refine((value) => depthOf(value, limits.maxDepth + 1) <= limits.maxDepth, {
      error: `is nested deeper than ${limits.maxDepth} levels`,
      abort: true,
    })
    .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= limits.maxBytes, {
      error: `is larger than ${limits.maxBytes} bytes`,
    })
    .meta({
      type: 'object',
      description: 'Kept and handed on as it is. Numbers are those of JSON in JavaScript: 64-bit floating point.',
    });
