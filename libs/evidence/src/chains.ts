import type { RecordedEvent } from '@signalbox/event-sourcing';
import { type Difference, exactly } from './difference.ts';
import { equal } from './merkle.ts';

/** The last event of a stream that was seen. */
type Last = { readonly revision: number; readonly position: number; readonly hash: Uint8Array | null };

/**
 * What one event after another tells of itself: its hash, its place in its stream, its time. `check` answers with what
 * is wrong, and is not asked again after that.
 */
export const createChains = ({ gapless }: { readonly gapless: boolean }) => {
  const streams = new Map<string, Last>();
  let [position, recordedAt, recordedBefore] = [0, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let hashesKept = false;
  let withoutHash = 0;
  let lost: Pick<RecordedEvent, 'stream' | 'revision'> | null = null;

  const wrongPosition = (event: RecordedEvent): Difference | null => {
    if (event.position <= position) {
      return exactly(position + 1, 'swapped', `position ${event.position} comes after position ${position}`);
    }
    if (!gapless || event.position === position + 1) return null;
    return exactly(position + 1, 'missing', `the event at position ${position + 1} is missing`);
  };

  const wrongHash = (event: RecordedEvent, hash: Uint8Array): Difference | null => {
    if (event.hash === null) {
      if (!hashesKept) return null;
      return exactly(event.position, 'hash', `the event ${event.type} of ${event.stream} has lost its hash`);
    }
    if (event.hash instanceof Uint8Array && equal(event.hash, hash)) return null;
    return exactly(event.position, 'hash', `the event ${event.type} of ${event.stream} does not match its hash`);
  };

  const wrongPlace = (event: RecordedEvent, last: Last | undefined): Difference | null => {
    const expected = last ? last.revision + 1 : 0;
    if (event.revision > expected) {
      lost = { stream: event.stream, revision: expected };
      return exactly(
        event.position,
        'missing',
        `revision ${expected} of ${event.stream} is missing: revision ${event.revision} comes instead`,
      );
    }
    if (event.revision < expected) {
      return exactly(
        event.position,
        'swapped',
        `revision ${event.revision} of ${event.stream} comes after revision ${expected - 1}`,
      );
    }
    return null;
  };

  const wrongLink = (event: RecordedEvent, last: Last | undefined): Difference | null => {
    // What was written before hashes were kept is linked with nothing.
    if (event.hash === null) return null;
    const before = last?.hash ?? null;
    const { previousHash } = event;
    if (before === null && previousHash === null) return null;
    if (before !== null && previousHash !== null && equal(before, previousHash)) return null;
    // The event is as it was made, and says which one it followed: that one is another now.
    if (last && previousHash !== null) {
      return exactly(
        last.position,
        'link',
        `it is not the event that revision ${event.revision} of ${event.stream}, at position ${event.position}, followed`,
      );
    }
    return exactly(event.position, 'link', `the event is not linked with the one before it in ${event.stream}`);
  };

  const wrongTime = (event: RecordedEvent): Difference | null => {
    if (event.recordedAt >= recordedAt) return null;
    const detail = `the time at position ${event.position} is before that at position ${position}`;
    // Either of the two may be the wrong one, unless this one is before the one before that, too.
    if (event.recordedAt < recordedBefore) return exactly(event.position, 'time', detail);
    return { position, upTo: event.position, what: 'time', detail };
  };

  return {
    get withoutHash() {
      return withoutHash;
    },
    /** `hash` is made of what is stored. */
    check: (event: RecordedEvent, hash: Uint8Array): Difference | null => {
      const last = streams.get(event.stream);
      const wrong =
        wrongPosition(event) ??
        wrongHash(event, hash) ??
        wrongPlace(event, last) ??
        wrongLink(event, last) ??
        wrongTime(event);
      if (event.hash === null) withoutHash++;
      else hashesKept = true;
      streams.set(event.stream, { revision: event.revision, position: event.position, hash: event.hash });
      [position, recordedAt, recordedBefore] = [event.position, event.recordedAt, recordedAt];
      return wrong;
    },
    /** What seemed to be missing may only stand elsewhere: asked for every event after the difference. */
    reconsidered: (difference: Difference, event: RecordedEvent): Difference => {
      const isFound = lost !== null && event.stream === lost.stream && event.revision === lost.revision;
      if (difference.what !== 'missing' || !isFound) return difference;
      const detail = `revision ${event.revision} of ${event.stream} stands at position ${event.position}, after later ones`;
      return { ...difference, what: 'swapped', detail };
    },
  };
};
