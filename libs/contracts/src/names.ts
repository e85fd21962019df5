import { z } from 'zod';

/** Letters, digits, dots and dashes; a letter or digit at both ends. */
export const plainName = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

export const semanticVersion = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[a-z0-9.-]+)?$/;

/** `chat@1.2.0` */
export const serviceVersion = z
  .string()
  .max(256)
  .regex(/^[^@]+@[^@]+$/, 'must be written name@version')
  .transform((text) => {
    const at = text.indexOf('@');
    return { name: text.slice(0, at), version: text.slice(at + 1) };
  })
  .pipe(
    z.object({
      name: z.string().max(128).regex(plainName, 'is not a service name: a–z 0–9 . - with a letter or digit at both ends'),
      version: z.string().max(64).regex(semanticVersion, 'is not a semantic version such as 1.2.0'),
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
      name: z.string().max(128).regex(plainName, 'is not a service name: a–z 0–9 . - with a letter or digit at both ends'),
      range: z
        .string()
        .max(64)
        .regex(/^[\^~<>=]{0,2}\s?[\dx*]+(\.[\dx*]+){0,2}(-[a-z0-9.-]+)?$/i, 'is not a version range such as ^1.2'),
    }),
  );

export const credentialName = z
  .string()
  .min(4)
  .max(32)
  .regex(plainName, 'is not a name: 4 to 32 characters a–z 0–9 . - with a letter or digit at both ends');
