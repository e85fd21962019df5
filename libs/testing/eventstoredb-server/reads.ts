import streams, { type ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { OpenCall } from './calls.ts';
import { invalidPosition, notLeader, unsupported } from './errors.ts';
import { resting } from './faults.ts';
import { eventMessage, nameOf, streamNotFound } from './messages.ts';
import { leaderFor, type Node } from './node.ts';
import { type ReadCall, send } from './sending.ts';
import type { StoredEvent } from './store.ts';
import { subscribeToAll } from './subscriptions.ts';

/** `Read`: a stream or `$all`, forwards or backwards, or a subscription to `$all`. */
export const read =
  (node: Node) =>
  (call: ReadCall): void => {
    const options = call.request.getOptions();
    const kind = options?.hasSubscription() ? 'subscription' : 'read';
    const open = node.calls.begin(kind, call, (error) => call.emit('error', error));
    const leader = leaderFor(node, call);
    if (leader) open.fail(notLeader(leader));
    else if (!options) open.fail(unsupported('a read without options'));
    else if (options.hasSubscription() && options.hasAll()) void subscribeToAll(node, call, open, options);
    else if (options.hasSubscription()) open.fail(unsupported('subscriptions to one stream'));
    else if (options.hasFilter()) open.fail(unsupported('reads with a filter'));
    else void readOnce(node, call, open, options);
  };

const readOnce = async (node: Node, call: ReadCall, open: OpenCall, options: ReadReq.Options): Promise<void> => {
  const events = options.hasAll() ? allFrom(node, options) : streamFrom(node, options);
  if (events === 'invalid_position') open.fail(invalidPosition());
  else if (events === 'no_stream')
    await send(call, open, streamNotFound(nameOf(options.getStream()?.getStreamIdentifier())));
  else {
    let count = Number(options.getCount());
    for (const event of events) {
      if (count-- <= 0 || open.over) break;
      if (node.trouble.readDelayMs > 0) await resting(node.trouble.readDelayMs);
      await send(call, open, eventMessage(event));
    }
  }
  if (open.over) return;
  open.finish();
  call.end();
};

function* streamEvents(events: readonly StoredEvent[], start: number, step: 1 | -1): Generator<StoredEvent, void> {
  for (let index = start; ; index += step) {
    const event = events[index];
    if (!event) return;
    yield event;
  }
}

const stepOf = (options: ReadReq.Options): 1 | -1 =>
  options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS ? -1 : 1;

const streamFrom = (node: Node, options: ReadReq.Options): Iterable<StoredEvent> | 'no_stream' => {
  const wanted = options.getStream();
  const events = node.store.stream(nameOf(wanted?.getStreamIdentifier()));
  if (!events) return 'no_stream';
  const last = events.length - 1;
  const start = wanted?.hasStart() ? 0 : wanted?.hasEnd() ? last : Number(wanted?.getRevision());
  const step = stepOf(options);
  return streamEvents(events, step === -1 ? Math.min(start, last) : start, step);
};

/**
 * Forwards a position is where its event begins, and included; backwards it is where the event before has ended, and has
 * to be one that there is.
 */
const allFrom = (node: Node, options: ReadReq.Options): Iterable<StoredEvent> | 'invalid_position' => {
  const { all } = node.store;
  const step = stepOf(options);
  const wanted = options.getAll();
  if (wanted?.hasStart()) return streamEvents(all, step === 1 ? 0 : -1, step);
  if (wanted?.hasEnd()) return streamEvents(all, step === 1 ? all.length : all.length - 1, step);
  const index = node.store.placeOf(Number(wanted?.getPosition()?.getCommitPosition()));
  if (index === null || (step === -1 && index === all.length)) return 'invalid_position';
  return streamEvents(all, step === 1 ? index : index - 1, step);
};
