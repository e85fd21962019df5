export { type AdminKeys, adminKeys } from './admin-keys.ts';
export { type Authenticate, createAuthenticator } from './authenticator.ts';
export {
  type AuthFailure,
  type AuthOutcome,
  type Authorisation,
  authFailures,
  type Caller,
  type Refused,
  type Scope,
  scopes,
} from './caller.ts';
export { isCredentialName, newCredentialName, newSecret, type RandomBytes } from './credential-names.ts';
export { type Ed25519Verifier, ed25519Verifier, isEd25519Key } from './ed25519.ts';
export { verifyHmac } from './hmac.ts';
export type { SignedRequest } from './http-signature/request.ts';
export { type SignatureHeaders, signHttpRequest } from './http-signature/sign.ts';
export { type SignatureChecks, type VerifiedSignature, verifyHttpSignature } from './http-signature/verify.ts';
export { type Freshness, type NonceGuard, nonceGuard } from './nonce-guard.ts';
export type { NonceStore } from './ports/nonce-store.ts';
export type { SecretLookup } from './ports/secrets.ts';
export { createTokens, TOKEN_LIFETIME_MS, type TokenClaims, type TokenOutcome, type Tokens } from './tokens.ts';
