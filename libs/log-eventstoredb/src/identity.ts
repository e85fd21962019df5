import { createHash } from 'node:crypto';
import { binaryEvent, ErrorType, type EventStoreDBClient, NO_STREAM } from '@eventstore/db-client';
import { call, type Surroundings } from './attempts.ts';
import { positionAt } from './envelope.ts';
import { CannotOpenLog, kindOf } from './errors.ts';
import { readEvents } from './reading.ts';

/** What the log is, as its own stream tells: opened at revision 0, and, where it was imported, finished at 1. */
export type Identity = {
  readonly logId: string;
  readonly base: number;
  /** The commit position of revision 0: nothing of ours is before it. */
  readonly begins: number;
  readonly state: 'open' | 'importing' | 'imported';
  /** Of an imported log: the commit position up to which events are imported ones, and the time of the last. */
  readonly importedTo: number;
  readonly notBefore: number;
};

type LogOpened = { readonly logId: string; readonly base: number; readonly state?: 'importing' };
type ImportFinished = { readonly recordedAt: number };

export const identityStream = (prefix: string): string => `${prefix}signalbox-log`;

/** Null when nobody has opened a log here. */
export const readIdentity = (around: Surroundings, prefix: string): Promise<Identity | null> =>
  call(around, 'reading what the log is', async (client, alive) => {
    const [first, second] = await readEvents(client, identityStream(prefix), { from: 0, maxCount: 2 }, alive);
    if (!first?.event) return null;
    const opened = contentOf(first.event.data) as Partial<LogOpened>;
    if (first.event.type !== 'LogOpened' || typeof opened.logId !== 'string' || typeof opened.base !== 'number') {
      throw new CannotOpenLog(
        'NOT_A_LOG',
        `Stream ${identityStream(prefix)} does not begin with LogOpened: something else uses the name in this store.`,
      );
    }
    const finished = second?.event ? (contentOf(second.event.data) as ImportFinished) : null;
    return {
      logId: opened.logId,
      base: opened.base,
      begins: positionAt({ base: 0 }, first.event.position?.commit),
      state: opened.state !== 'importing' ? 'open' : finished ? 'imported' : 'importing',
      importedTo: finished ? Number(second?.event?.position?.commit) : -1,
      notBefore: finished?.recordedAt ?? 0,
    };
  });

/** Opens a log where there is none. Somebody else may do so first: read afterwards. */
export const writeOpened = (around: Surroundings, prefix: string, opened: LogOpened): Promise<void> =>
  write(around, prefix, 'LogOpened', opened.logId, opened, NO_STREAM);

export const writeFinished = (
  around: Surroundings,
  prefix: string,
  logId: string,
  finished: ImportFinished,
): Promise<void> => write(around, prefix, 'ImportFinished', logId, finished, 0n);

const write = (
  around: Surroundings,
  prefix: string,
  type: string,
  logId: string,
  content: object,
  expectedRevision: typeof NO_STREAM | bigint,
): Promise<void> => {
  const data = new TextEncoder().encode(JSON.stringify(content));
  const event = binaryEvent({ id: uuidOf(`${type} ${logId}`), type, data });
  return call(around, `writing ${type}`, async (client: EventStoreDBClient) => {
    try {
      await client.appendToStream(identityStream(prefix), event, { expectedRevision, requiresLeader: true });
    } catch (error) {
      if (kindOf(error) !== ErrorType.WRONG_EXPECTED_VERSION) throw error;
    }
  });
};

const contentOf = (data: unknown): object => {
  try {
    return JSON.parse(Buffer.from(data as Uint8Array).toString()) as object;
  } catch {
    return {};
  }
};

/** A UUID (version 8) that depends on the text alone, so that the same event is the same event when it is tried again. */
const uuidOf = (text: string): string => {
  const hash = createHash('sha256').update(text).digest().subarray(0, 16);
  hash[6] = 0x80 | ((hash[6] ?? 0) & 0x0f);
  hash[8] = 0x80 | ((hash[8] ?? 0) & 0x3f);
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};
