/** What a caller may ask for: the main job, reading the flight recorder, running the server. */
export const scopes = ['client', 'audit', 'admin'] as const;
export type Scope = (typeof scopes)[number];

/** What is kept with every event about the request that allowed it. The same shape as the event log's. */
export type Authorisation = {
  readonly scheme: 'http-signature' | 'rondevu' | 'token' | 'admin' | 'anonymous' | 'internal';
  /** Credential name, Ed25519 public key (64 hex digits), token subject, or `admin:<key id>`. */
  readonly key: string | null;
  readonly algorithm: 'ed25519' | 'hmac-sha256' | null;
  /** The nonce that was signed; the `jti` of a token. */
  readonly nonce: string | null;
  /** Epoch milliseconds: when it was signed, as signed; when a token was issued. */
  readonly timestamp: number | null;
  /** Base64 of the signature as it came. */
  readonly signature: string | null;
  /** Base64url of the SHA-256 of the text that was signed. */
  readonly signedTextHash: string | null;
};

export type Caller = {
  /** Credential name, Ed25519 public key (64 hex digits), or `admin:<key id>`. */
  readonly identity: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly authorisation: Authorisation;
};

/** Why a request that says who is calling is not believed. A closed list, fit to be the label of a metric. */
export const authFailures = [
  'malformed',
  'ambiguous',
  'unsigned_parts',
  'bad_digest',
  'too_old',
  'too_far_ahead',
  'signed_before_start',
  'unknown_key',
  'bad_signature',
  'replayed',
  'bad_token',
  'expired_token',
  'ended_credential',
] as const;
export type AuthFailure = (typeof authFailures)[number];

export type Refused = {
  readonly kind: 'refused';
  readonly reason: AuthFailure;
  /** For the caller: what was wrong and what to do. Holds no secret, token or signature. */
  readonly detail: string;
  /** After how long a newly signed request works, where only the clocks are in the way; else null. */
  readonly retryAfterMs: number | null;
};

export type AuthOutcome =
  | { readonly kind: 'caller'; readonly caller: Caller }
  | { readonly kind: 'anonymous' }
  | Refused;

export const refused = (reason: AuthFailure, detail: string, retryAfterMs: number | null = null): Refused => ({
  kind: 'refused',
  reason,
  detail,
  retryAfterMs,
});
