/** A request as its signature sees it. */
export type SignedRequest = {
  readonly method: string;
  /** The absolute URI that the client addressed, not normalised: `https://host/path?query`. */
  readonly targetUri: string;
  /** By lower-case name. A field that came several times is an array, or already one text joined with commas. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The bytes as they came; null or empty when there is no body. */
  readonly body: Uint8Array | null;
};

/** The value of a field: several lines become one, with a comma and a space between them (RFC 9421, section 2.1). */
export const fieldOf = (headers: SignedRequest['headers'], name: string): string | undefined => {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (value === undefined || typeof value === 'string') return value?.trim();
  return value.map((line) => line.trim()).join(', ');
};

export const hasBody = (request: SignedRequest): request is SignedRequest & { readonly body: Uint8Array } =>
  request.body !== null && request.body.length > 0;
