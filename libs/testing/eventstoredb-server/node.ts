import type { Metadata } from '@grpc/grpc-js';
import type { Calls } from './calls.ts';
import type { Trouble } from './faults.ts';
import type { Store } from './store.ts';

/** What the handlers of the calls work on. */
export type Node = { readonly store: Store; readonly calls: Calls; readonly trouble: Trouble };

/** Where to send a caller that insists on the leader; null when this node will do. */
export const leaderFor = (node: Node, { metadata }: { readonly metadata: Metadata }) =>
  metadata.get('requires-leader')[0] === 'true' ? node.trouble.leaderElsewhere : null;
