/**
 * The catalogue of errors: every code that a client can meet, over HTTP v1 and `/rpc` alike. Codes are stable, texts
 * are not. Each has a page at `/problems/<code>` on the server and a paragraph in docs/errors.md, both made from here.
 */

type Entry = {
  readonly status: number;
  readonly title: string;
  /** What it means and what to do, for the person who meets it. */
  readonly help: string;
};

export const catalogue = {
  INVALID_PARAMS: {
    status: 400,
    title: 'The request is not well formed',
    help: 'Something in the body, path, query or headers is missing, of the wrong type or out of bounds. `errors` names each field by its path. Nothing was written; mend the field and send the request again.',
  },
  INVALID_TAG: {
    status: 400,
    title: 'A tag is not allowed',
    help: 'Tags are 1 to 20 different strings of 1 to 64 characters (by default) from `a–z 0–9 . -`, starting and ending with a letter or digit.',
  },
  INVALID_SDP: {
    status: 400,
    title: 'The SDP is missing or empty',
    help: 'Send the session description as a non-empty string. The server does not look into it.',
  },
  INVALID_FQN: {
    status: 400,
    title: 'The service name is not well formed',
    help: 'A service is `name@version` (v1) or `service:version@name` (the FQN dialect), where the version is a semantic version such as `1.2.0`.',
  },
  INVALID_PUBLIC_KEY: {
    status: 400,
    title: 'The public key is not an Ed25519 key',
    help: 'Send the 32 bytes of the key as 64 lower-case hex digits.',
  },
  MISSING_PARAMS: {
    status: 400,
    title: 'A list is missing or empty',
    help: 'The call needs a list with at least one element: `offers` when publishing, `candidates` when trickling.',
  },
  INVALID_CURSOR: {
    status: 400,
    title: 'The cursor is not one of this server',
    help: 'Cursors are opaque: send back exactly what an earlier answer gave, to the same path. To begin again, send none.',
  },
  AUTH_REQUIRED: {
    status: 401,
    title: 'The request must say who is calling',
    help: 'Send `Authorization: Bearer <token>`, or an HTTP message signature (RFC 9421) with `created` and `nonce`. A token comes from `POST /v1/credentials`.',
  },
  INVALID_CREDENTIALS: {
    status: 401,
    title: 'The credentials do not prove who is calling',
    help: 'The signature is wrong, the request is too old, its nonce was used before, the token is expired or unknown, or the credential has ended. Sign again with a new nonce and the current time.',
  },
  NOT_AUTHORIZED: {
    status: 403,
    title: 'The caller may not do this',
    help: 'Only the publisher changes or withdraws a session, only its two parties read and trickle, only its owner rotates a credential, and its owner or an admin revokes it.',
  },
  NOT_FOUND: { status: 404, title: 'There is nothing at this path', help: 'See `/docs` for the paths of this server.' },
  OFFER_NOT_FOUND: {
    status: 404,
    title: 'There is no such offer',
    help: 'It never existed, has ended, or is one that this caller may not know of. Discover again.',
  },
  CREDENTIAL_NOT_FOUND: {
    status: 404,
    title: 'There is no such credential',
    help: 'It never existed, or has been revoked or expired. Issue a new one with `POST /v1/credentials`.',
  },
  OFFER_NOT_ANSWERED: {
    status: 404,
    title: 'The offer is not yet answered',
    help: 'Wait for the feed to say `answered`, or ask again later.',
  },
  REQUEST_NOT_RECEIVED: {
    status: 408,
    title: 'The request did not arrive in time',
    help: 'The server waited half a minute for the whole of it. Nothing was done; open a new connection and send it again.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'This path does not take this method',
    help: 'The `Allow` header lists the methods that it takes.',
  },
  OFFER_ALREADY_ANSWERED: {
    status: 409,
    title: 'Someone else answered first',
    help: 'An offer has one answer. `winner` says whose and when. Discover another offer.',
  },
  NAME_TAKEN: {
    status: 409,
    title: 'The name is taken',
    help: 'Names are given once, for ever. Choose another, or leave it out and get one.',
  },
  IDEMPOTENCY_KEY_IN_FLIGHT: {
    status: 409,
    title: 'The first request with this key is still running',
    help: 'Wait as long as `Retry-After` says, then send the same request again to get its answer.',
  },
  CONTENDED: {
    status: 503,
    title: 'Too many changes to the same session at once',
    help: 'Nothing was written. Send the request again after `Retry-After`.',
  },
  SESSION_ENDED: {
    status: 410,
    title: 'The session has ended',
    help: '`ended` says how (`expired` or `withdrawn`) and when. Publish a new offer.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    title: 'The body is too large',
    help: 'Send less in one request; see the limits in docs/configuration.md.',
  },
  SDP_TOO_LARGE: { status: 413, title: 'The SDP is too large', help: 'An SDP may have 65,536 characters by default.' },
  BATCH_TOO_LARGE: {
    status: 413,
    title: 'The batch asks for too much',
    help: 'A batch holds at most 100 requests and 1,000 operations by default (each offer and each candidate is one). Nothing of it was run.',
  },
  TOO_MANY_OFFERS: {
    status: 400,
    title: 'Too many offers in one request',
    help: 'Publish at most 100 offers (by default) in one request.',
  },
  TOO_MANY_OFFERS_PER_USER: {
    status: 429,
    title: 'This caller has too many live sessions',
    help: 'Withdraw some, or wait until some expire.',
  },
  TOO_MANY_ICE_CANDIDATES: {
    status: 429,
    title: 'Too many ICE candidates for this session',
    help: 'Each party may send 50 candidates for a session by default. Waiting does not help: send the ones that matter most.',
  },
  TOO_MANY_REPORTS: {
    status: 429,
    title: 'This party has reported often enough',
    help: 'A party may give four different reports of how its session ended. Waiting does not help; nothing depends on a report.',
  },
  STORAGE_FULL: {
    status: 503,
    title: 'The server holds as much as it may',
    help: 'The number of live sessions or credentials is at its limit. Try again after `Retry-After`.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: 'The body is not JSON',
    help: 'Send `Content-Type: application/json`.',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    title: 'The path and headers are too long',
    help: 'Path, query and headers may have 16 KiB together. Send less of them.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    title: 'The idempotency key was used for another request',
    help: 'A key stands for one request for 24 hours. Make a new key for a new request.',
  },
  RATE_LIMIT_EXCEEDED: {
    status: 429,
    title: 'Too many requests',
    help: 'Wait as long as `Retry-After` says. `RateLimit` tells what is left.',
  },
  OVERLOADED: {
    status: 503,
    title: 'The server is too busy',
    help: 'The request was refused before anything was done, to keep the others fast. Try again after `Retry-After`.',
  },
  LOG_UNAVAILABLE: {
    status: 503,
    title: 'The server cannot write now',
    help: 'Its disk or event store is away. Nothing was acknowledged that is not stored. Try again after `Retry-After`.',
  },
  VIEWS_UNAVAILABLE: {
    status: 503,
    title: 'The server cannot read now',
    help: 'Its read models are away, or are being built again from the log. Nothing is lost. Try again after `Retry-After`.',
  },
  KEYS_UNAVAILABLE: {
    status: 503,
    title: 'The server has no keys now',
    help: 'The store of the keys that seal the log is away. Nothing was written. Try again after `Retry-After`.',
  },
  NOT_CAUGHT_UP: {
    status: 503,
    title: 'The read model has not caught up yet',
    help: 'What the `Signalbox-Consistency` token stands for cannot be read yet. Try again after `Retry-After`.',
  },
  REQUEST_TIMEOUT: {
    status: 503,
    title: 'The request took too long',
    help: 'It may or may not have had its effect. Send it again with the same `Idempotency-Key`.',
  },
  INTERNAL_ERROR: {
    status: 500,
    title: 'The server failed',
    help: 'This is a fault of the server. Quote the `traceId` when you report it.',
  },
  UNKNOWN_METHOD: {
    status: 400,
    title: 'There is no such RPC method',
    help: 'See docs/rondevu.md for the methods of `/rpc`.',
  },
  NO_AVAILABLE_OFFERS: {
    status: 404,
    title: 'All offers of this service are answered',
    help: 'Ask again later, or ask for another service.',
  },
  OWNERSHIP_MISMATCH: {
    status: 403,
    title: 'The service name is not the caller’s own',
    help: 'Publish under `service:version@<your credential name>`.',
  },
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof catalogue;

export const errorCodes = Object.keys(catalogue) as readonly ErrorCode[];
