import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { OpenCall } from './calls.ts';

export type ReadCall = ServerWritableStream<ReadReq, ReadResp>;

/** Writes a message and waits until the client has room for the next one, or is gone. */
export const send = async (call: ReadCall, open: OpenCall, message: ReadResp): Promise<void> => {
  if (open.over || call.write(message)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  call.once('drain', resolve);
  const calledOff = open.onOver(resolve);
  await promise;
  calledOff();
};
