import { type NewEvent, streamName } from '@signalbox/event-sourcing';
import { openSqliteLog, type SqliteLog } from '@signalbox/log-sqlite';
import { systemChance, systemClock } from '@signalbox/runtime';
import { candidate, sdp } from './rows/payloads.ts';

const EVENTS_OF_A_LIFE = 5;
const HOUR_MS = 3_600_000;
/** How many appends wait for the log at once: they share its commits. */
const AT_ONCE = 512;

const metadata: NewEvent['metadata'] = {
  actor: 'bench',
  correlationId: 'bench',
  causationId: 'bench',
  trace: null,
  authorisation: null,
};

const event = (type: string, data: object): NewEvent => ({
  id: systemChance.orderedUuid(),
  type,
  schemaVersion: 1,
  data: Buffer.from(JSON.stringify(data)),
  keyId: null,
  metadata,
  hash: null,
  previousHash: null,
});

const published = (publishedAt: number, expiresAt: number): NewEvent =>
  event('OfferPublished', { publisher: 'offerer', tags: ['bench'], service: null, sdp: sdp(), publishedAt, expiresAt });

const added = (role: string, at: number): NewEvent => {
  const data = {
    role,
    identity: role,
    candidates: [candidate()],
    firstIndex: 0,
    batchId: systemChance.uuid(),
    addedAt: at,
  };
  return event('CandidatesAdded', data);
};

const answered = (answeredAt: number, expiresAt: number): NewEvent =>
  event('OfferAnswered', { answerer: 'answerer', sdp: sdp(), matchedTags: null, answeredAt, expiresAt });

/** A session up to the candidates of both, each event about as large as a browser makes it. */
export const handshake = (at: number, expiresAt: number): readonly NewEvent[] => [
  published(at, expiresAt),
  answered(at, expiresAt),
  added('offerer', at),
  added('answerer', at),
];

/** A session from offer to end. */
const life = (at: number): readonly NewEvent[] => [
  ...handshake(at, at + 30_000),
  event('SessionExpired', { dueAt: at + 30_000, was: 'answered', expiredAt: at + 30_000 }),
];

/**
 * Writes a log of so many events: sessions that ended long ago, and among them, evenly, `alive` that have not ended.
 * The clock that the log records by stands three hours back, so that no session has ended just now.
 */
export const writeHistory = async (path: string, events: number, alive: number): Promise<void> => {
  const now = systemClock.now();
  const at = now - 3 * HOUR_MS;
  const log = await openSqliteLog({ path, now: () => at, newLogId: systemChance.uuid });
  const ended = Math.floor((events - alive) / EVENTS_OF_A_LIFE);
  const total = ended + alive;
  const isAlive = (index: number) => Math.floor(((index + 1) * alive) / total) > Math.floor((index * alive) / total);
  let next = 0;
  const writeInTurn = async () => {
    for (let index = next++; index < total; index = next++) await writeOne(log, isAlive(index), at, now + 24 * HOUR_MS);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, writeInTurn));
  await log.close();
};

const writeOne = (log: SqliteLog, alive: boolean, at: number, expiresAt: number) => {
  const stream = streamName('session', systemChance.orderedUuid());
  const events = alive ? [published(at, expiresAt)] : life(at);
  return log.append(stream, events, 'no_stream', { closes: !alive });
};
