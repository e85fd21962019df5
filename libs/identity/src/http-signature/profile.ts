import { type Refused, refused } from '../caller.ts';
import { isCredentialName } from '../credential-names.ts';
import { isEd25519Key } from '../ed25519.ts';
import { fieldOf, hasBody, type SignedRequest } from './request.ts';
import { parseBytesByLabel, parseSignatureInput, type SignatureInput } from './structured-fields.ts';

/** A signature that says all that this server wants to know. Whether any of it is true is still to be seen. */
export type ProfiledSignature = {
  readonly kind: 'profiled';
  readonly input: SignatureInput;
  /** A credential name, or an Ed25519 public key as 64 lower-case hex digits. */
  readonly keyid: string;
  readonly algorithm: 'ed25519' | 'hmac-sha256';
  /** Seconds since the epoch, as the standard has them. */
  readonly created: number;
  readonly expires: number | null;
  readonly nonce: string;
  readonly signature: Uint8Array;
};

/** Bounds on what is read before anything is proved. */
const MAX_FIELD_LENGTH = 4096;
const MAX_LABELS = 4;
const MAX_COMPONENTS = 32;
const MAX_NONCE_LENGTH = 128;

/**
 * The first signature of the request that fits the profile; the verdict on the request is the verdict on that one, so
 * no request costs more than one verification. Signatures of other parties (a proxy's, say) may stand beside it. When
 * none fits, the refusal tells what the first one lacks.
 */
export const readSignature = (request: SignedRequest): ProfiledSignature | Refused => {
  const inputField = fieldOf(request.headers, 'signature-input');
  const signatureField = fieldOf(request.headers, 'signature');
  if (inputField === undefined || signatureField === undefined) {
    return refused('malformed', 'Signature-Input and Signature go together; one of the two is missing.');
  }
  if (inputField.length > MAX_FIELD_LENGTH || signatureField.length > MAX_FIELD_LENGTH) {
    return refused('malformed', `Signature-Input and Signature may have ${MAX_FIELD_LENGTH} characters each.`);
  }
  const inputs = parseSignatureInput(inputField);
  if (!inputs) return refused('malformed', 'Signature-Input is not a dictionary of component lists (RFC 9421, 4.1).');
  const signatures = parseBytesByLabel(signatureField);
  if (!signatures) return refused('malformed', 'Signature is not a dictionary of byte sequences (RFC 9421, 4.2).');
  if (inputs.size === 0) return refused('malformed', 'Signature-Input is empty.');
  if (inputs.size > MAX_LABELS) return refused('malformed', `A request may carry ${MAX_LABELS} signatures.`);

  let firstRefusal: Refused | undefined;
  for (const [label, input] of inputs) {
    const fitted = fit(request, label, input, signatures.get(label));
    if (fitted.kind === 'profiled') return fitted;
    firstRefusal ??= fitted;
  }
  return firstRefusal as Refused;
};

const fit = (
  request: SignedRequest,
  label: string,
  input: SignatureInput,
  signature: Uint8Array | undefined,
): ProfiledSignature | Refused => {
  const malformed = (problem: string) => refused('malformed', `The signature ${label}: ${problem}.`);
  const unsigned = (problem: string) => refused('unsigned_parts', `The signature ${label} must ${problem}.`);

  if (!signature) return malformed('Signature has no value with this label');
  if (input.components.length > MAX_COMPONENTS) return malformed(`it may cover ${MAX_COMPONENTS} components`);
  const covered = new Set<string>();
  for (const { name, identifier } of input.components) {
    if (!isComponentName(name)) return malformed('it covers something that is not a component name in lower case');
    if (covered.has(identifier)) return malformed(`it covers ${identifier} twice`);
    covered.add(identifier);
  }
  for (const required of hasBody(request) ? ['@method', '@target-uri', 'content-digest'] : ['@method', '@target-uri']) {
    if (!covered.has(`"${required}"`)) return unsigned(`cover "${required}"`);
  }

  const { params } = input;
  for (const required of ['created', 'nonce', 'keyid']) {
    if (!params.has(required)) return unsigned(`have the parameter ${required}`);
  }
  const created = seconds(params.get('created'));
  if (created === null) return malformed('created is not a whole number of seconds');
  const expires = params.has('expires') ? seconds(params.get('expires')) : null;
  if (params.has('expires') && expires === null) return malformed('expires is not a whole number of seconds');
  const nonce = params.get('nonce');
  if (typeof nonce !== 'string' || nonce.length === 0 || nonce.length > MAX_NONCE_LENGTH) {
    return malformed(`nonce is not a string of 1 to ${MAX_NONCE_LENGTH} characters`);
  }
  const keyid = params.get('keyid');
  const algorithm = algorithmOf(keyid);
  if (typeof keyid !== 'string' || algorithm === null) {
    return malformed('keyid is neither a credential name nor the 64 lower-case hex digits of an Ed25519 public key');
  }
  if (params.has('alg') && params.get('alg') !== algorithm) {
    return malformed(`alg does not go with the keyid, which is one for "${algorithm}"; it may be left out`);
  }
  return { kind: 'profiled', input, keyid, algorithm, created, expires, nonce, signature };
};

const isComponentName = (name: string): boolean =>
  name !== '@signature-params' && /^@?[!#$%&'*+.^_`|~0-9a-z-]{1,64}$/.test(name);

const algorithmOf = (keyid: unknown): ProfiledSignature['algorithm'] | null => {
  if (typeof keyid !== 'string') return null;
  if (isEd25519Key(keyid)) return 'ed25519';
  return isCredentialName(keyid) ? 'hmac-sha256' : null;
};

const seconds = (value: unknown): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null;
