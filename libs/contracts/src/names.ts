import { z } from 'zod';

const INVALID_FQN = { params: { code: 'INVALID_FQN' } } as const;

const serviceName = z.string().refine((text) => text.length <= 128 && plainName.test(text), {
  error: 'is not a service name: 1 to 128 of a–z 0–9 . - with a letter or digit at both ends',
  ...INVALID_FQN,
});

/** Letters, digits, dots and dashes; a letter or digit at both ends. */
export const plainName = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

/** As Semantic Versioning has it, in lower case and without build metadata; fifteen digits are still exact numbers. */
export const semanticVersion =
  /^(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})(-(0|[1-9]\d{0,14}|\d*[a-z-][a-z0-9-]*)(\.(0|[1-9]\d{0,14}|\d*[a-z-][a-z0-9-]*))*)?$/;

/** `^1.2`, `~1.2.3`, `>=1.0`, `1.x`, `1.2.3`, `*` */
const versionRange =
  /^(\^|~|>=?|<=?|=)?\s?((0|[1-9]\d{0,14}|[x*])(\.(0|[1-9]\d{0,14}|[x*])){0,2}|(0|[1-9]\d{0,14})(\.(0|[1-9]\d{0,14})){2}-(0|[1-9]\d{0,14}|\d*[a-z-][a-z0-9-]*)(\.(0|[1-9]\d{0,14}|\d*[a-z-][a-z0-9-]*))*)$/;

/** `chat@1.2.0` */
export const serviceVersion = z
  .string()
  .max(256)
  .refine((text) => /^[^@]+@[^@]+$/.test(text), { error: 'must be written name@version', ...INVALID_FQN, abort: true })
  .transform((text) => {
    const at = text.indexOf('@');
    return { name: text.slice(0, at), version: text.slice(at + 1) };
  })
  .pipe(
    z.object({
      name: serviceName,
      version: z
        .string()
        .max(64)
        .refine((text) => semanticVersion.test(text), {
          error: 'is not a semantic version such as 1.2.0',
          ...INVALID_FQN,
        }),
    }),
  );

/** `chat@^1.2`, `chat@1.2.0`, or `chat` for any version. */
export const serviceRange = z
  .string()
  .max(256)
  .transform((text) => {
    const at = text.indexOf('@');
    return at === -1 ? { name: text, range: '*' } : { name: text.slice(0, at), range: text.slice(at + 1) };
  })
  .pipe(
    z.object({
      name: serviceName,
      range: z
        .string()
        .max(64)
        .refine((text) => versionRange.test(text), { error: 'is not a version range such as ^1.2', ...INVALID_FQN }),
    }),
  );

export const credentialName = z
  .string()
  .min(4)
  .max(32)
  .regex(plainName, 'is not a name: 4 to 32 characters a–z 0–9 . - with a letter or digit at both ends');
