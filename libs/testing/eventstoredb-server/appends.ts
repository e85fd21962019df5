import type { StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb.js';
import streams, {
  type AppendReq,
  type AppendResp,
  type BatchAppendReq,
  type BatchAppendResp,
} from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerDuplexStream, ServerReadableStream, sendUnaryData } from '@grpc/grpc-js';
import type { OpenCall } from './calls.ts';
import { appendTooLarge, dropped, notLeader, unsupported } from './errors.ts';
import { resting } from './faults.ts';
import { appendAnswer, batchAnswer, batchTooLarge, nameOf, proposed, uuidOf } from './messages.ts';
import { leaderFor, type Node } from './node.ts';
import type { Expected, ProposedEvent } from './store.ts';

/** The largest append that is taken, in bytes of data and metadata. */
const MAX_APPEND_BYTES = 16 << 20;

type Wanted = { readonly stream: string; readonly expected: Expected; readonly events: ProposedEvent[] };

/** `Append`: one stream of messages, one answer. */
export const append =
  (node: Node) =>
  (call: ServerReadableStream<AppendReq, AppendResp>, respond: sendUnaryData<AppendResp>): void => {
    const open = node.calls.begin('append', call, (error) => respond(error));
    let wanted: Wanted | undefined;
    call.on('data', (message: AppendReq) => {
      const options = message.getOptions();
      if (options) wanted = wantedOf(options.getStreamIdentifier(), expectedOf(options));
      const event = message.getProposedMessage();
      if (event) wanted?.events.push(proposed(event));
    });
    call.on('end', () => {
      const leader = leaderFor(node, call);
      if (leader) open.fail(notLeader(leader));
      else if (!wanted) open.fail(unsupported('an append without options'));
      else if (sizeOf(wanted.events) > MAX_APPEND_BYTES) open.fail(appendTooLarge(MAX_APPEND_BYTES));
      else {
        const outcome = node.store.append(wanted.stream, wanted.events, wanted.expected);
        answer(node, open, () => {
          open.finish();
          respond(null, appendAnswer(outcome));
        });
      }
    });
  };

/** `BatchAppend`: a stream of appends, each answered under its correlation id, in the order of their commits. */
export const batchAppend =
  (node: Node) =>
  (call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void => {
    const open = node.calls.begin('batch_append', call, (error) => call.emit('error', error));
    const begun = new Map<string, Wanted>();

    const send = (message: BatchAppendResp) => {
      if (call.write(message)) return;
      call.pause();
      call.once('drain', () => call.resume());
    };

    const commit = (correlation: UUID | undefined, { stream, expected, events }: Wanted) => {
      if (sizeOf(events) > MAX_APPEND_BYTES) send(batchTooLarge(correlation, stream, MAX_APPEND_BYTES));
      else {
        const outcome = node.store.append(stream, events, expected);
        answer(node, open, () => send(batchAnswer(correlation, stream, outcome)));
      }
    };

    const take = (message: BatchAppendReq) => {
      const id = uuidOf(message.getCorrelationId());
      const options = message.getOptions();
      if (options) begun.set(id, wantedOf(options.getStreamIdentifier(), batchExpectedOf(options)));
      const wanted = begun.get(id);
      if (!wanted) return;
      for (const event of message.getProposedMessagesList()) wanted.events.push(proposed(event));
      if (!message.getIsFinal()) return;
      begun.delete(id);
      commit(message.getCorrelationId(), wanted);
    };

    call.on('data', (message: BatchAppendReq) => {
      if (open.over) return;
      const leader = leaderFor(node, call);
      if (leader) open.fail(notLeader(leader));
      else take(message);
    });
    call.on('end', () => {
      if (open.over) return;
      open.finish();
      call.end();
    });
  };

const wantedOf = (identifier: StreamIdentifier | undefined, expected: Expected): Wanted => ({
  stream: nameOf(identifier),
  expected,
  events: [],
});

/** Answers an append that has been committed, unless a fault takes the answer away. */
const answer = (node: Node, open: OpenCall, send: () => void): void => {
  const lost = node.trouble.answersToLose.shift();
  if (lost === 'dropped') open.fail(dropped());
  else if (lost === undefined && node.trouble.appendDelayMs === 0) send();
  else if (lost === undefined) {
    void resting(node.trouble.appendDelayMs).then(() => {
      if (!open.over) send();
    });
  }
};

const expectedOf = (options: AppendReq.Options): Expected => {
  const { ExpectedStreamRevisionCase: given } = streams.AppendReq.Options;
  switch (options.getExpectedStreamRevisionCase()) {
    case given.REVISION:
      return Number(options.getRevision());
    case given.NO_STREAM:
      return 'no_stream';
    case given.STREAM_EXISTS:
      return 'stream_exists';
    default:
      return 'any';
  }
};

const batchExpectedOf = (options: BatchAppendReq.Options): Expected => {
  const { ExpectedStreamPositionCase: given } = streams.BatchAppendReq.Options;
  switch (options.getExpectedStreamPositionCase()) {
    case given.STREAM_POSITION:
      return Number(options.getStreamPosition());
    case given.NO_STREAM:
      return 'no_stream';
    case given.STREAM_EXISTS:
      return 'stream_exists';
    default:
      return 'any';
  }
};

const sizeOf = (events: readonly ProposedEvent[]): number =>
  events.reduce((size, event) => size + event.data.length + event.metadata.length, 0);
