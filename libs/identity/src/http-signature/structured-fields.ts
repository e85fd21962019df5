import {
  type Dictionary,
  isInnerList,
  type Parameters,
  parseDictionary,
  serializeItem,
  serializeParameters,
} from 'structured-headers';

/**
 * Structured field values (RFC 9651) as HTTP signatures use them. The only file that knows the package which reads
 * and writes them.
 */

export type Component = {
  readonly name: string;
  readonly params: ReadonlyMap<string, unknown>;
  /** The name in quotes with its parameters: how the component is written in the text that is signed. */
  readonly identifier: string;
};

/** What one label of `Signature-Input` says: which components are covered, with which parameters. */
export type SignatureInput = {
  readonly components: readonly Component[];
  /** Strings, numbers and booleans are themselves; whatever else the standard knows is an object. */
  readonly params: ReadonlyMap<string, unknown>;
  /** The whole of it in the standard's one way of writing: the last line of the text that is signed. */
  readonly text: string;
};

/** `Signature-Input`, by label; null when the field is not well formed. */
export const parseSignatureInput = (field: string): ReadonlyMap<string, SignatureInput> | null =>
  usualInput(field) ?? generalInput(field);

const generalInput = (field: string): ReadonlyMap<string, SignatureInput> | null =>
  read(field, (dictionary) => {
    const inputs = new Map<string, SignatureInput>();
    for (const [label, member] of dictionary) {
      if (!isInnerList(member)) return null;
      const [items, params] = member;
      const components: Component[] = [];
      for (const [name, itemParams] of items) {
        if (typeof name !== 'string') return null;
        components.push({ name, params: itemParams, identifier: serializeItem(name, itemParams) });
      }
      inputs.set(label, inputOf(components, params));
    }
    return inputs;
  });

/** `Signature` and `Content-Digest`: bytes by label; null when the field is not well formed or holds anything else. */
export const parseBytesByLabel = (field: string): ReadonlyMap<string, Uint8Array> | null =>
  usualBytes(field) ?? generalBytes(field);

const generalBytes = (field: string): ReadonlyMap<string, Uint8Array> | null =>
  read(field, (dictionary) => {
    const bytes = new Map<string, Uint8Array>();
    for (const [label, member] of dictionary) {
      if (isInnerList(member) || !(member[0] instanceof ArrayBuffer)) return null;
      bytes.set(label, new Uint8Array(member[0]));
    }
    return bytes;
  });

/** What a signer covers: component names without parameters, and the signature's own parameters in this order. */
export const signatureInput = (
  names: readonly string[],
  params: ReadonlyMap<string, string | number>,
): SignatureInput =>
  inputOf(
    names.map((name) => ({ name, params: new Map(), identifier: serializeItem(name) })),
    new Map(params),
  );

/** `label=:base64:`, one member of a dictionary of bytes. */
export const bytesMember = (label: string, bytes: Uint8Array): string =>
  `${label}=:${Buffer.from(bytes).toString('base64')}:`;

const read = <T>(field: string, make: (dictionary: Dictionary) => T | null): T | null => {
  try {
    return make(parseDictionary(field));
  } catch {
    return null; // the package throws, and has no other way to say that a field is not well formed
  }
};

const inputOf = (components: readonly Component[], params: Parameters): SignatureInput => ({
  components,
  params,
  text: `(${components.map(({ identifier }) => identifier).join(' ')})${serializeParameters(params)}`,
});

// What nearly every client sends: one label, names and values without escapes, in the standard's one way of writing. The
// package takes four times as long for it, which is felt in every signed request. Whatever looks otherwise is read by
// the package, so these expressions may be narrow, but must never read a field in another way than it does.
const KEY = '[a-z*][a-z0-9_.*-]*';
const COMPONENT = '"[a-z0-9@-]+"';
const INTEGER = '0|-?[1-9]\\d{0,14}';
const TEXT = '[ !#-[\\]-~]*';
const USUAL_INPUT = new RegExp(
  `^(${KEY})=(\\((${COMPONENT}(?: ${COMPONENT})*)\\)((?:;${KEY}=(?:${INTEGER}|"${TEXT}"))*))$`,
);
const PARAMETER = new RegExp(`;(${KEY})=(?:(${INTEGER})|"(${TEXT})")`, 'g');
const USUAL_BYTES = new RegExp(`^(${KEY})=:([A-Za-z0-9+/]*={0,2}):$`);

const noParams: ReadonlyMap<string, unknown> = new Map();

const usualInput = (field: string): ReadonlyMap<string, SignatureInput> | null => {
  const [, label = '', text = '', names = '', paramsText = ''] = USUAL_INPUT.exec(field) ?? [];
  if (label === '') return null;
  const params = new Map<string, unknown>();
  for (const [, key = '', integer, string] of paramsText.matchAll(PARAMETER)) {
    if (params.has(key)) return null; // which of them counts, and where it then stands, is the package's to say
    params.set(key, integer === undefined ? string : Number(integer));
  }
  const components = names
    .split(' ')
    .map((identifier) => ({ name: identifier.slice(1, -1), params: noParams, identifier }));
  return new Map([[label, { components, params, text }]]);
};

const usualBytes = (field: string): ReadonlyMap<string, Uint8Array> | null => {
  const [, label = '', base64 = ''] = USUAL_BYTES.exec(field) ?? [];
  if (label === '') return null;
  const bytes = Buffer.from(base64, 'base64');
  return bytes.toString('base64') === base64 ? new Map([[label, new Uint8Array(bytes)]]) : null;
};
