/** One POST as the HTTP layer hands it over. `clientAddress` is null where no trusted source tells it. */
export type RondevuRequest = {
  readonly body: Uint8Array;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly clientAddress: string | null;
  /** False: the client's address has used up its limit, and the whole POST is refused. */
  readonly withinLimit: boolean;
  readonly requestId: string;
  /** W3C `traceparent`. */
  readonly traceparent: string | null;
};

/** The headers that carry a proof; each holds for every item that has no `auth` of its own. */
export type Headers = {
  readonly publicKey: string | undefined;
  readonly name: string | undefined;
  readonly timestamp: string | undefined;
  readonly nonce: string | undefined;
  readonly signature: string | undefined;
};

export const headersOf = (request: RondevuRequest): Headers => {
  const one = (name: string) => {
    const value = request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  return {
    publicKey: one('x-publickey'),
    name: one('x-name'),
    timestamp: one('x-timestamp'),
    nonce: one('x-nonce'),
    signature: one('x-signature'),
  };
};
