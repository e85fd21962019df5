import { isIP } from 'node:net';
import { z } from 'zod';

/** What the documents say of a variable: they are generated from it. */
export type About = {
  readonly section: string;
  readonly description: string;
  /** In words: `a whole number from 1 to 100`. */
  readonly accepts: string;
  /** As one would write it; null when there is none. */
  readonly default: string | null;
  /** Its value is never printed, and `<name>_FILE` may name a file that holds it. */
  readonly secret: boolean;
};

type Parsed<T> = { readonly value: T } | { readonly wrong: string };
type Text = Pick<About, 'section' | 'description'>;

export const aboutOf = (schema: z.ZodType): About => schema.meta() as unknown as About;

/** A variable: its text, or undefined when it is not set, parsed to a value or to a complaint that completes “… is”. */
const setting = <T, D>(about: About, fallback: D, parse: (text: string) => Parsed<T>) =>
  z
    .string()
    .optional()
    .transform((text, context): T | D => {
      if (text === undefined) return fallback;
      const parsed = parse(text);
      if ('value' in parsed) return parsed.value;
      const shown = about.secret ? 'is set, but' : `is “${text.slice(0, 80)}”, which`;
      context.issues.push({ code: 'custom', input: text, message: `${shown} ${parsed.wrong}` });
      return z.NEVER;
    })
    .meta(about);

const expected = (accepts: string) => ({ wrong: `is not ${accepts}. Set ${accepts}, or leave it out` });

export const wholeNumber = (text: Text & { readonly min: number; readonly max: number; readonly default: number }) => {
  const { min, max, default: fallback, ...rest } = text;
  const accepts = `a whole number from ${min} to ${max}`;
  const about = { ...rest, accepts, default: String(fallback), secret: false };
  return setting(about, fallback, (given) => {
    const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
    return value >= min && value <= max ? { value } : expected(accepts);
  });
};

export const choice = <const C extends string>(text: Text & { readonly of: readonly C[]; readonly default: C }) => {
  const { of, default: fallback, ...rest } = text;
  const accepts = `one of ${of.map((option) => `\`${option}\``).join(', ')}`;
  return setting({ ...rest, accepts, default: fallback, secret: false }, fallback, (given) => {
    const value = of.find((option) => option === given);
    return value === undefined ? expected(accepts) : { value };
  });
};

/** Any text; `unset` says in the documents what happens without it. */
export const words = (text: Text & { readonly accepts: string; readonly unset: string }) => {
  const { unset, ...rest } = text;
  return setting({ ...rest, default: unset, secret: false }, null, (value) => ({ value }));
};

export const path = (text: Text & { readonly default: string | null }) => {
  const about = { ...text, accepts: 'a path', secret: false };
  return setting(about, text.default, (value) => ({ value }));
};

export const webAddress = (text: Text & { readonly unset: string }) => {
  const { unset, ...rest } = text;
  const accepts = 'a URL that starts with `http://` or `https://`';
  return setting({ ...rest, accepts, default: unset, secret: false }, null, (given) => {
    const url = URL.parse(given);
    const fits = url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '';
    return fits ? { value: given.replace(/\/+$/, '') } : expected(accepts);
  });
};

/** The address of a server of one of these schemes, with what is needed to log in: kept out of all output. */
export const serverAddress = (text: Text & { readonly schemes: readonly string[] }) => {
  const { schemes, ...rest } = text;
  const accepts = `a URL that starts with ${schemes.map((scheme) => `\`${scheme}://\``).join(' or ')}`;
  return setting<string, null>({ ...rest, accepts, default: null, secret: true }, null, (given) =>
    schemes.some((scheme) => given.startsWith(`${scheme}://`) && given.length > scheme.length + 3)
      ? { value: given }
      : expected(accepts),
  );
};

/** `host:port`, comma-separated. */
export const hosts = (text: Text) => {
  const accepts = 'a comma-separated list of `host:port`';
  return setting<readonly string[], readonly string[]>(
    { ...text, accepts, default: null, secret: false },
    [],
    (given) => {
      const list = listOf(given);
      return list.length > 0 && list.every((item) => /^[^\s:/]+:\d{1,5}$|^\[[\da-f:]+\]:\d{1,5}$/i.test(item))
        ? { value: list }
        : expected(accepts);
    },
  );
};

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

export type Login = {
  readonly mechanism: (typeof MECHANISMS)[number];
  readonly username: string;
  readonly password: string;
};

export const login = (text: Text) => {
  const accepts = `\`mechanism:user:password\`, the mechanism being one of ${MECHANISMS.map((m) => `\`${m}\``).join(', ')}`;
  return setting<Login, null>({ ...text, accepts, default: null, secret: true }, null, (given) => {
    const [, kind, username, password] = /^([^:]+):([^:]+):(.+)$/s.exec(given) ?? [];
    const mechanism = MECHANISMS.find((one) => one === kind);
    if (mechanism === undefined || username === undefined || password === undefined) return expected(accepts);
    return { value: { mechanism, username, password } };
  });
};

/** A word that other systems take as a part of a name. */
export const name = (text: Text & { readonly default: string }) => {
  const accepts = '1 to 40 letters, digits and dashes';
  return setting({ ...text, accepts, secret: false }, text.default, (given) =>
    /^[A-Za-z0-9-]{1,40}$/.test(given) ? { value: given } : expected(accepts),
  );
};

const listOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

export const origins = (text: Text & { readonly unset: string }) => {
  const { unset, ...rest } = text;
  const accepts = '`*`, or a comma-separated list of origins such as `https://app.example.com`';
  return setting<'*' | readonly string[], null>({ ...rest, accepts, default: unset, secret: false }, null, (given) => {
    const list = listOf(given);
    if (list.length === 1 && list[0] === '*') return { value: '*' };
    return list.every((item) => URL.parse(item)?.origin === item) ? { value: list } : expected(accepts);
  });
};

const RANGES = ['loopback', 'linklocal', 'uniquelocal'];

export const proxies = (text: Text) => {
  const accepts = `a comma-separated list of IP addresses, CIDR blocks, or ${RANGES.map((r) => `\`${r}\``).join(', ')}`;
  return setting<readonly string[], readonly string[]>(
    { ...text, accepts, default: 'none', secret: false },
    [],
    (given) => {
      const list = listOf(given);
      return list.every(isProxy) ? { value: list } : expected(accepts);
    },
  );
};

const isProxy = (item: string): boolean => {
  if (RANGES.includes(item)) return true;
  const [address = '', bits, ...more] = item.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
};

/** Keys as hex, comma-separated, the first is the current one. Whether they are good enough is judged by the mode. */
export const keys = (text: Text) => {
  const accepts =
    'a comma-separated list of keys of 64 hex digits (`openssl rand -hex 32` makes one); the first is used for new work';
  return setting<readonly string[], readonly string[]>(
    { ...text, accepts, default: 'made in development', secret: true },
    [],
    (given) => {
      const list = listOf(given);
      const wrong = list.findIndex((key) => !/^[0-9a-f]{64}$/i.test(key));
      if (list.length === 0) return { wrong: 'holds no key. Make one with `openssl rand -hex 32`' };
      if (wrong === -1) return { value: list.map((key) => key.toLowerCase()) };
      const length = list[wrong]?.length ?? 0;
      return {
        wrong: `key ${wrong + 1} of ${list.length} is malformed: it has ${length} characters, and a key is exactly 64 hex digits (32 bytes). Make one with \`openssl rand -hex 32\``,
      };
    },
  );
};
