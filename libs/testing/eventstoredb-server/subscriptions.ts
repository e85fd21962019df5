import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { OpenCall } from './calls.ts';
import { invalidPosition } from './errors.ts';
import { resting } from './faults.ts';
import { filterOf } from './filters.ts';
import { caughtUp, checkpoint, confirmation, eventMessage } from './messages.ts';
import type { Node } from './node.ts';
import { type ReadCall, send } from './sending.ts';

let subscriptions = 0;

/** How many events are looked at between two checkpoints, when the client does not say. */
const DEFAULT_WINDOW = 32;

/**
 * A subscription to `$all`: everything strictly after a position that the filter lets through, checkpoints at intervals
 * of events looked at, `CaughtUp` when the end is reached for the first time, then what is appended. A position past
 * the end is waited for: what comes before it is left out.
 */
export const subscribeToAll = async (
  node: Node,
  call: ReadCall,
  open: OpenCall,
  options: ReadReq.Options,
): Promise<void> => {
  const { store, trouble } = node;
  const from = options.getAll();
  const after = from?.hasPosition() ? Number(from.getPosition()?.getCommitPosition()) : -1;
  let next = from?.hasEnd() ? store.all.length : 0;
  if (after >= 0) {
    const place = store.placeOf(after);
    if (place === null) open.fail(invalidPosition());
    next = place ?? 0;
  }
  const matches = filterOf(options.getFilter());
  const window = options.getFilter()?.getMax() || DEFAULT_WINDOW;
  const interval = window * (options.getFilter()?.getCheckpointintervalmultiplier() || 1);

  let wake = () => {};
  const unfollow = store.onAppended(() => wake());
  open.onOver(() => {
    unfollow();
    wake();
  });

  await send(call, open, confirmation(`subscription-${++subscriptions}`));
  let considered = 0;
  let live = false;
  while (!open.over) {
    const event = store.all[next];
    if (event === undefined || trouble.subscriptionsSilent) {
      if (!live && !trouble.subscriptionsSilent) {
        live = true;
        const last = store.all.at(-1);
        if (last && options.hasFilter()) await send(call, open, checkpoint(last.position));
        await send(call, open, caughtUp());
        continue;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
      continue;
    }
    if (trouble.checkpointsRunAhead && considered % interval === 0) {
      await send(call, open, checkpoint(store.all.at(-1)?.position ?? 0));
    }
    next++;
    considered++;
    if (event.position > after && matches(event)) {
      if (trouble.readDelayMs > 0) await resting(trouble.readDelayMs);
      await send(call, open, eventMessage(event));
    }
    if (considered % interval === 0 && options.hasFilter()) await send(call, open, checkpoint(event.position));
  }
};
