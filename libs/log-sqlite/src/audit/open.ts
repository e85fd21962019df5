import { rmSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { LogUnavailable, type StreamName, streamName, type View } from '@signalbox/event-sourcing';
import type { AuditIndex, Forgets, RecordedCredentialRow, RecordedSessionRow } from '@signalbox/read-models';
import { resultCode } from '../database.ts';
import { callsTo } from '../thread-calls.ts';
import type { Opened } from '../thread-serves.ts';
import type { AuditTables } from './audit-tables.ts';

const FORGOTTEN_PER_CALL = 500;

export type SqliteAuditIndex = Forgets & {
  readonly sessions: View<RecordedSessionRow>;
  readonly credentials: View<RecordedCredentialRow>;
  readonly index: AuditIndex;
  close(): Promise<void>;
};

/**
 * The audit index of a standalone server: a file beside the log, readable by its owner only, in a thread of its own. It is
 * filled by whoever follows the log, from `checkpoint` on, and may be deleted at any time: a file that is missing, broken,
 * of another version or of another log begins empty.
 */
export const openSqliteAuditIndex = async (options: {
  readonly path: string;
  readonly logId: string;
}): Promise<SqliteAuditIndex> => {
  const path = resolve(options.path);
  const worker = await started(path, options.logId);
  const { call, close } = callsTo<AuditTables>(worker, {
    failed: (cause) => new LogUnavailable('The audit index could not do it.', { cause }),
    gone: (_, cause) => new LogUnavailable('The audit index has been closed, or has died.', { cause }),
  });

  const view = <Row>(name: 'sessions' | 'credentials'): View<Row> => {
    const [read, write] =
      name === 'sessions'
        ? (['readSessions', 'writeSessions'] as const)
        : (['readCredentials', 'writeCredentials'] as const);
    return {
      read: async (streams) => {
        const found = await call(read, streams);
        // The view of this name holds rows of this type.
        return new Map(streams.flatMap((stream, at) => (found[at] ? [[stream, found[at] as never] as const] : [])));
      },
      write: async (changes, checkpoint) => (await call(write, changes as never, checkpoint)) as readonly StreamName[],
      checkpoint: () => call('checkpoint', name),
    };
  };

  return {
    sessions: view<RecordedSessionRow>('sessions'),
    credentials: view<RecordedCredentialRow>('credentials'),
    index: {
      sessions: (filter, after, limit) => call('search', filter, after, limit),
      session: async (sessionId) => (await call('readSessions', [streamName('session', sessionId)]))[0]?.row,
      credential: async (name) => (await call('readCredentials', [streamName('credential', name)]))[0]?.row,
      endedCredentials: (before, limit) => call('ended', before, limit),
      position: async () => Math.min(await call('checkpoint', 'sessions'), await call('checkpoint', 'credentials')),
    },
    forget: async (endedBefore) => {
      let forgotten = await call('forgetCredentials', endedBefore);
      for (;;) {
        const some = await call('forgetSessions', endedBefore, FORGOTTEN_PER_CALL);
        forgotten += some;
        if (some < FORGOTTEN_PER_CALL) return forgotten;
      }
    },
    close,
  };
};

/** SQLite's result codes for a file that is damaged, and for one that is no database. */
const BROKEN = new Set<number | undefined>([11, 26]);

const started = async (path: string, logId: string): Promise<Worker> => {
  const start = async (): Promise<Worker> => {
    const worker = new Worker(new URL('./audit.worker.ts', import.meta.url), {
      workerData: { path, logId },
      name: basename(path),
    });
    const { promise, resolve: answered, reject } = Promise.withResolvers<Opened>();
    worker.once('message', answered).once('error', reject);
    const opened = await promise.finally(() => worker.off('error', reject));
    if (opened.kind === 'ready') return worker;
    throw opened.error;
  };
  try {
    return await start();
  } catch (error) {
    if (!isBroken(error)) throw new LogUnavailable(`The audit index ${path} cannot be opened.`, { cause: error });
    for (const part of ['', '-wal', '-shm']) rmSync(path + part, { force: true });
    return start();
  }
};

/** What comes out of a thread is an error with its message; SQLite's code may have been lost on the way. */
const isBroken = (error: unknown): boolean =>
  BROKEN.has(resultCode(error)) || (error instanceof Error && /malformed|not a database/.test(error.message));
