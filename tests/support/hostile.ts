import fc from 'fast-check';

/** Values that nobody means well, and values that are nearly right: what a fuzzer sends. */

const NESTED = 500;

const deep = (open: string, close: string): unknown => JSON.parse(open.repeat(NESTED) + close.repeat(NESTED));

const oddTexts = fc.constantFrom(
  ...['', ' ', '\0', 'a\0b', '\ud800', 'x\udfff', '\u2028', '\r\n', '../../etc/passwd', '%00', '__proto__'],
  ...[
    'constructor',
    "'; DROP TABLE events; --",
    '{{7*7}}',

    'a'.repeat(70_000),
    '𝕊'.repeat(50),
    '-1',
    '1e999',
  ],
);

export const hostileText = fc.oneof(
  oddTexts,
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
);

const oddNumbers = fc.constantFrom(0, -0, -1, 0.5, 1e21, -1e308, 2 ** 53, 2 ** 31, Number.MIN_VALUE, 1_795_000_000_000);

/** Any JSON value, the odd ones included. Sent with `hostileJson`, which can say what `JSON.stringify` can't. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: hostileText },
  { weight: 2, arbitrary: oddNumbers },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      ...[null, true, false, [], {}, [[]], [null], { __proto__: null }, deep('[', ']'), Array(3_000).fill(0)],
      JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}}}'),
      JSON.parse(`${'{"a":'.repeat(NESTED)}1${'}'.repeat(NESTED)}`),
    ),
  },
);

export const hostileBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom(
      ...[
        '',
        '{',
        '[',
        '"',
        'null',
        '0',
        '{"a":1}{"b":2}',
        '{"a":1,"a":2}',
        '[[[[',
        '\ufeff{}',
        '{"\\u0000":1}',
        'NaN',
      ],
      ...[
        '{"__proto__":{"x":1}}',
        '{"tags":["a"],"offers":[{"sdp":"\\ud800"}]}',
        '['.repeat(100_000),
        '1e400',
        "{'a':1}",
      ],
    )
    .map((text) => Buffer.from(text)),
  fc.constant(Buffer.from([0xff, 0xfe, 0x00, 0x7b])),
  fc.constant(Buffer.from([0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d])),
);

type Schema = {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
};

/** Values that fit most of a schema: near enough to get past the first check, wrong enough to find the next one. */
export const nearly = (schema: Schema): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 6, arbitrary: fitting(schema) }, { weight: 1, arbitrary: hostileValue });

const fitting = (schema: Schema): fc.Arbitrary<unknown> => {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (choices) return fc.oneof(...choices.map(nearly));
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'string':
      if (schema.pattern !== undefined && schema.pattern.length < 60)
        return fc.stringMatching(new RegExp(schema.pattern));
      return fc.oneof(
        fc.constantFrom('a', 'chat', 'v=0', 'chat@1.2.0', 'abcd', '^1.2', 'random', 'true', '10'),
        fc.string({ minLength: Math.min(schema.minLength ?? 0, 64), maxLength: Math.min(schema.maxLength ?? 40, 64) }),
      );
    case 'integer':
    case 'number':
      return fc.integer({ min: Math.max(schema.minimum ?? 0, -1e6), max: Math.min(schema.maximum ?? 1e6, 1e6) });
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(nearly(schema.items ?? {}), { maxLength: 4 });
    case 'object':
      return fitObject(schema);
    default:
      return hostileValue;
  }
};

const fitObject = ({ properties = {}, required = [] }: Schema): fc.Arbitrary<unknown> => {
  const members = Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, nearly(member)]));
  if (Object.keys(members).length === 0)
    return fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue(), { maxKeys: 4 });
  const whole = fc.record(members, { requiredKeys: [...required].filter((name) => name in members) });
  const more = fc
    .tuple(whole, hostileText, hostileValue)
    .map(([object, name, value]) => ({ ...object, [name]: value }));
  return fc.oneof({ weight: 5, arbitrary: whole }, { weight: 1, arbitrary: more });
};
