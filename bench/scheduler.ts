import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSqliteLog } from '@signalbox/log-sqlite';
import { systemChance, systemClock } from '@signalbox/runtime';
import { at, Connections } from './driver/load.ts';
import { newDataDirectory, startSignalbox } from './driver/targets.ts';
import { progress } from './driver/terminal.ts';
import { issueCredential, prepare, tokenCaller } from './rows/callers.ts';
import { sdp } from './rows/payloads.ts';
import { times } from './rows/row.ts';

/** How late sessions were ended, in milliseconds: when the end was recorded less when it was due. */
export type SchedulerResult = {
  /** All of them pending before the first one was due. */
  readonly timers: number;
  readonly spreadMs: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
};

const TIMERS = 100_000;
/** A hundred thousand sessions of the usual minute end at two thirds of this pace. */
const SPREAD_MS = 40_000;
const OFFERS_PER_REQUEST = 20;
/** Left for publishing them all; that none was due meanwhile is checked. */
const LEAD_MS = 30_000;

const PATIENCE_MS = 60_000;

const publishAndWait = async (origin: string): Promise<void> => {
  const connections = new Connections(origin, 16);
  const caller = tokenCaller(await issueCredential(connections, origin));
  const firstDueAt = systemClock.now() + LEAD_MS;
  const requests = TIMERS / OFFERS_PER_REQUEST;
  await connections.run(requests, async (index, send) => {
    const dueAt = firstDueAt + Math.floor((index * SPREAD_MS) / requests);
    const offers = times(OFFERS_PER_REQUEST, () => ({ sdp: sdp() }));
    const content = { tags: ['bench'], ttlMs: dueAt - systemClock.now(), offers };
    await send(prepare(caller, origin, 'POST', '/v1/sessions', content, 201));
    if (index % 500 === 0) progress(`scheduler: ${index * OFFERS_PER_REQUEST} of ${TIMERS} timers`);
  });
  if (systemClock.now() >= firstDueAt)
    throw new Error('Publishing took so long that some timers were due before the last was set.');
  progress('scheduler: waiting for all of them');
  await sleep(firstDueAt + SPREAD_MS - systemClock.now());
  const deadline = systemClock.now() + PATIENCE_MS;
  while ((await liveSessions(origin, connections)) > 0) {
    if (systemClock.now() > deadline) throw new Error('Sessions were still alive long after they were due.');
    await sleep(500);
  }
  await connections.close();
};

const liveSessions = async (origin: string, connections: Connections): Promise<number> => {
  const front = prepare(() => ['accept', 'application/json'], origin, 'GET', '/', undefined, 200);
  const { stats } = JSON.parse((await connections.send(front)).toString('utf8')) as { stats: { offers: number } };
  return stats.offers;
};

/** From the log that the server has left: every end that was recorded, with how late it was. */
const readLateness = async (path: string): Promise<Float64Array> => {
  const log = await openSqliteLog({ path, now: systemClock.now, newLogId: systemChance.uuid });
  const late: number[] = [];
  for (
    let page = await log.readAll(0, 5_000);
    page.length > 0;
    page = await log.readAll(page.at(-1)!.position, 5_000)
  ) {
    for (const { type, data, recordedAt } of page) {
      if (type === 'SessionExpired') late.push(recordedAt - JSON.parse(Buffer.from(data).toString('utf8')).dueAt);
    }
  }
  await log.close();
  return Float64Array.from(late).sort();
};

/** 100,000 sessions that all wait for their end, which come due evenly within some seconds. */
export const measureScheduler = async (): Promise<SchedulerResult> => {
  const { path, remove } = newDataDirectory();
  try {
    const server = await startSignalbox(path, { SIGNALBOX_OFFER_MIN_TTL_MS: '1000' });
    try {
      await publishAndWait(server.origin);
    } finally {
      await server.stop();
    }
    const late = await readLateness(join(path, 'signalbox.db'));
    if (late.length !== TIMERS) throw new Error(`${late.length} of ${TIMERS} sessions were ended.`);
    return { timers: TIMERS, spreadMs: SPREAD_MS, p50: at(late, 0.5), p99: at(late, 0.99), max: late.at(-1)! };
  } finally {
    remove();
  }
};
