import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { StoredEvent } from './store.ts';

/** The test that a subscription's filter puts events to: stream name or event type, by prefixes or by an expression. */
export const filterOf = (filter: ReadReq.Options.FilterOptions | undefined): ((event: StoredEvent) => boolean) => {
  const byName = filter?.getStreamIdentifier();
  const byType = filter?.getEventType();
  const rule = byName ?? byType;
  if (!rule) return () => true;
  const textOf = (event: StoredEvent) => (byName ? event.stream : event.type);
  if (rule.getRegex() !== '') {
    const expression = new RegExp(rule.getRegex());
    return (event) => expression.test(textOf(event));
  }
  const prefixes = rule.getPrefixList();
  return (event) => prefixes.some((prefix) => textOf(event).startsWith(prefix));
};
