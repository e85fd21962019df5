import { categoryOf, type StreamName } from '@signalbox/event-sourcing';
import type { Progress } from '@signalbox/read-models';
import { type Keyspace, PREAMBLE } from './keyspace.ts';
import { script } from './script.ts';

/** The revision that each of the views shows of a stream; -1 where it knows nothing of it. */
const REVISIONS = script(
  PREAMBLE,
  `local shown = {}
  for i = 3, #ARGV, 2 do
    local known = redis.call('HGET', root .. ARGV[i] .. ':facts', ARGV[i + 1])
    shown[#shown + 1] = known and tonumber(string.match(known, '^%d+')) or -1
  end
  return shown`,
);

/** The views that queries answer from; what falls due is nobody's to read. */
const VIEWS: Readonly<Record<string, readonly string[]>> = {
  session: ['discovery', 'sessions', 'feeds'],
  credential: ['credentials'],
};

const FIRST_PAUSE_MS = 4;
const MAX_PAUSE_MS = 50;
const LOOKED_UP_PER_CALL = 500;

type Awaited = { readonly view: string; readonly stream: string; readonly revision: number };

/** Looks again and again, first after a few milliseconds and then less often, until the views show what was written. */
export const redisProgress = (
  keyspace: Keyspace,
  options: {
    /** How long the views keep what has ended. */
    readonly retentionMs: number;
    /** Milliseconds from an arbitrary start. */
    readonly monotonic: () => number;
    readonly after: (ms: number, work: () => void) => () => void;
  },
): Progress => {
  const { retentionMs, monotonic, after } = options;

  const notShown = async (awaited: readonly Awaited[], writtenAt: number): Promise<readonly Awaited[]> => {
    const isLongAgo = keyspace.now() - writtenAt > retentionMs;
    const missing: Awaited[] = [];
    for (let i = 0; i < awaited.length; i += LOOKED_UP_PER_CALL) {
      const some = awaited.slice(i, i + LOOKED_UP_PER_CALL);
      const args = some.flatMap(({ view, stream }) => [view, stream]);
      const shown = (await keyspace.run(REVISIONS, args)) as readonly number[];
      const isMissing = (one: Awaited, revision: number) => (revision === -1 ? !isLongAgo : revision < one.revision);
      missing.push(...some.filter((one, j) => isMissing(one, shown[j] ?? -1)));
    }
    return missing;
  };

  return {
    shows: async (writes, writtenAt, withinMs) => {
      const end = monotonic() + withinMs;
      let awaited: readonly Awaited[] = writes.flatMap(({ stream, revision }) =>
        (VIEWS[categoryOf(stream as StreamName)] ?? []).map((view): Awaited => ({ view, stream, revision })),
      );
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(1.5 * pauseMs, MAX_PAUSE_MS)) {
        if (awaited.length > 0) awaited = await notShown(awaited, writtenAt);
        if (awaited.length === 0) return true;
        const leftMs = end - monotonic();
        if (leftMs <= 0) return false;
        // Many streams, which anyone can name in a token, are looked for less often.
        await new Promise<void>((resolve) => void after(Math.min(Math.max(pauseMs, awaited.length), leftMs), resolve));
      }
    },
  };
};
