import type { CommandContext, Write } from '@signalbox/commands';
import { type Authorisation, createAuthenticate } from './authenticate.ts';
import { claimedIdentity, dialectOf, type Item } from './dialect.ts';
import { failed, type RpcResult, readEnvelope } from './envelope.ts';
import { Failure, fail } from './failure.ts';
import { isObject, type Json } from './json.ts';
import { createMethods } from './methods/index.ts';
import type { Answer, OpenMethod, SignedMethod } from './methods/method.ts';
import type { RondevuOptions } from './options.ts';
import { noteRefused } from './refused.ts';
import { createRenewal } from './renewal.ts';
import { type Headers, headersOf, type RondevuRequest } from './request.ts';

export type RondevuAnswer = {
  readonly status: 200 | 400 | 413;
  /** The body: an array, one element for each item of the request, or a single one when the whole was refused. */
  readonly results: readonly RpcResult[];
  /** The same as JSON. Each result is written once, when it is there. */
  readonly body: string;
  /** Where the batch left its streams: what a consistency token is made of. */
  readonly writes: readonly Write[];
};

export interface Rondevu {
  /** Answers whatever the body holds. Never rejects: a fault is told to `onFault`, and its caller learns its code only. */
  call(request: RondevuRequest): Promise<RondevuAnswer>;
}

const anonymous: Authorisation = {
  scheme: 'anonymous',
  key: null,
  algorithm: null,
  nonce: null,
  timestamp: null,
  signature: null,
  signedTextHash: null,
};

/**
 * Characters of an answer beyond which no further item is run: a hundred pages of the largest offers would not fit into
 * the memory of a process, nor would anyone want to read them at once.
 */
const MAX_ANSWER_LENGTH = 16 * 1024 * 1024;

const tooLong = fail(
  'BATCH_TOO_LARGE',
  'The answers before this one are as much as one batch may hold: ask in another',
);

const answered = (status: RondevuAnswer['status'], results: readonly RpcResult[]): RondevuAnswer => ({
  status,
  results,
  body: JSON.stringify(results),
  writes: [],
});

/** Rondevu's protocol over the commands and queries of this server: it translates, and decides nothing of its own. */
export const createRondevu = (options: RondevuOptions): Rondevu => {
  const { limits, onFault } = options;
  const methods = createMethods(options);
  const authenticate = createAuthenticate(options);
  const renew = createRenewal(options);

  const runItem = (
    value: Json,
    index: number,
    request: RondevuRequest,
    headers: Headers,
  ): Promise<Answer | Failure> => {
    const item = readItem(value);
    if (item instanceof Failure) return Promise.resolve(item);
    const dialect = dialectOf(item, headers);
    const method = methods[dialect].get(item.method);
    if (!method) return Promise.resolve(fail('UNKNOWN_METHOD'));

    const params = isObject(item.params) ? item.params : {};
    const contextFor = (actor: string, authorisation: Authorisation): CommandContext => ({
      metadata: {
        actor,
        correlationId: request.requestId,
        causationId: `${request.requestId}/${index}`,
        trace: request.traceparent,
        authorisation,
      },
      commandId: null,
    });

    const refuse = (caller: string | null, failure: Failure): Failure => {
      noteRefused(options.notices, item, caller, failure);
      return failure;
    };

    const runOpen = (open: OpenMethod) => {
      const claimed = claimedIdentity(dialect, item, headers);
      const { clientAddress } = request;
      return open.run({ params, dialect, claimed, clientAddress, context: contextFor('anonymous', anonymous) });
    };

    const runSigned = async (signed: SignedMethod) => {
      const proof = await authenticate(item, dialect, headers, signed.optionalMember);
      if (proof instanceof Failure) {
        options.onAuthFailed(proof.code);
        return refuse(null, proof);
      }
      const { caller } = proof;
      if (!(await options.admitCaller(caller))) return refuse(caller, fail('RATE_LIMIT_EXCEEDED'));
      const context = contextFor(caller, proof.authorisation);
      const renewed = dialect === 'ed' ? [] : await renew(caller, context);
      const answer = await signed.run({ params, dialect, caller, context });
      return answer instanceof Failure ? refuse(caller, answer) : { ...answer, writes: [...renewed, ...answer.writes] };
    };

    return method.access === 'open' ? runOpen(method) : runSigned(method);
  };

  /** One item's fault is its own: the items after it run all the same. */
  const runIsolated: typeof runItem = async (...args) => {
    try {
      return await runItem(...args);
    } catch (error) {
      return fail(onFault(error));
    }
  };

  return {
    call: async (request) => {
      const envelope = readEnvelope(request.body, limits);
      if (envelope.kind === 'refused') {
        return answered(envelope.status, [failed(envelope.failure)]);
      }
      const { items, operations } = envelope;
      const all = (failure: Failure) => answered(200, Array(items.length).fill(failed(failure)));
      const limited = () => {
        const failure = fail('RATE_LIMIT_EXCEEDED');
        for (const value of items) {
          const item = readItem(value);
          if (!(item instanceof Failure)) noteRefused(options.notices, item, null, failure);
        }
        return all(failure);
      };
      if (!request.withinLimit) return limited();
      if (operations > limits.maxTotalOperations) {
        return all(fail('BATCH_TOO_LARGE', `A batch has at most ${limits.maxTotalOperations} operations`));
      }
      // Each item has been counted as one call already; what it holds beyond that counts too.
      const more = operations - items.length;
      if (more > 0 && !(await options.admitOperations(request.clientAddress, more))) return limited();

      const headers = headersOf(request);
      const results: RpcResult[] = [];
      const texts: string[] = [];
      const writes: Write[] = [];
      let length = 0;
      // One after another: an item may rest on what the one before it did.
      for (const [index, item] of items.entries()) {
        const answer = length > MAX_ANSWER_LENGTH ? tooLong : await runIsolated(item, index, request, headers);
        if (!(answer instanceof Failure)) writes.push(...answer.writes);
        const result: RpcResult = answer instanceof Failure ? failed(answer) : { success: true, result: answer.result };
        const text = JSON.stringify(result);
        results.push(result);
        texts.push(text);
        length += text.length;
      }
      return { status: 200, results, body: `[${texts.join(',')}]`, writes };
    },
  };
};

const readItem = (value: Json): Item | Failure => {
  const method = isObject(value) ? value.method : undefined;
  if (!isObject(value) || typeof method !== 'string' || method === '') {
    return fail('INVALID_PARAMS', 'A call must be an object with a method');
  }
  return { method, params: value.params, auth: value.auth };
};
