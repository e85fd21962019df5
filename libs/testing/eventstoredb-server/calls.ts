import type { EventEmitter } from 'node:events';
import type { StatusObject } from '@grpc/grpc-js';

export type CallKind = 'append' | 'batch_append' | 'read' | 'subscription';

/** One call of a client that has not ended. */
export type OpenCall = {
  readonly kind: CallKind;
  /** True once the client has gone or the call has been ended. */
  readonly over: boolean;
  /** Runs the work when the call is over, at once when it is already. The result calls that off. */
  onOver(work: () => void): () => void;
  /** Takes the call off the list: it has been answered in full. */
  finish(): void;
  /** Ends the call with an error. */
  fail(error: StatusObject): void;
};

/** The calls that are open, so that a test can count and drop them. */
export const createCalls = () => {
  const open = new Set<OpenCall>();
  return {
    /** `fail` is how this kind of call is told an error. */
    begin: (kind: CallKind, call: EventEmitter, fail: (error: StatusObject) => void): OpenCall => {
      let over = false;
      const atEnd = new Set<() => void>();
      const finish = () => {
        if (over) return;
        over = true;
        open.delete(begun);
        for (const work of atEnd) work();
      };
      const begun: OpenCall = {
        kind,
        get over() {
          return over;
        },
        onOver: (work) => {
          if (over) work();
          else atEnd.add(work);
          return () => atEnd.delete(work);
        },
        finish,
        fail: (error) => {
          if (over) return;
          finish();
          fail(error);
        },
      };
      open.add(begun);
      call.on('cancelled', finish);
      call.on('error', finish);
      return begun;
    },
    count: (kind?: CallKind): number => [...open].filter((call) => kind === undefined || call.kind === kind).length,
    failAll: (error: StatusObject): void => {
      for (const call of [...open]) call.fail(error);
    },
  };
};

export type Calls = ReturnType<typeof createCalls>;
