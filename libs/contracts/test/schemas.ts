import type { z } from 'zod';
import { createV1, type InputLimits } from '../src/index.ts';

/** The limits that a server has when nobody says otherwise. */
export const limits: InputLimits = {
  maxSdpLength: 65_536,
  maxCandidateBytes: 4_096,
  maxCandidateDepth: 10,
  maxCandidatesPerRequest: 100,
  maxOffersPerRequest: 100,
  maxTags: 20,
  maxTagLength: 64,
  maxBatch: 100,
  maxOperations: 1_000,
};

export const v1 = createV1(limits);

/** What a schema makes of a value; throws when it refuses it. */
export const accepted = <T extends z.ZodType>(schema: T, value: unknown): z.output<T> => {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new Error(`Refused: ${JSON.stringify(parsed.error.issues)}`);
  return parsed.data;
};

/** Where and with which code a schema refuses a value, first things first; throws when it takes it. */
export const refused = (schema: z.ZodType, value: unknown): readonly (readonly [path: string, code: string])[] => {
  const parsed = schema.safeParse(value);
  if (parsed.success) throw new Error(`Taken as ${JSON.stringify(parsed.data)}`);
  return parsed.error.issues.map((issue) => [
    issue.path.join('.'),
    issue.code === 'custom' ? String(issue.params?.code ?? 'INVALID_PARAMS') : 'INVALID_PARAMS',
  ]);
};
