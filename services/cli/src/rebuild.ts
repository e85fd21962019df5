import { isDeepStrictEqual } from 'node:util';
import { auditApi } from '@signalbox/contracts';
import { pause } from '@signalbox/runtime';
import {
  connectRedis,
  type RebuildReport,
  type RebuildRequests,
  redisRebuildRequests,
  ViewsUnavailable,
} from '@signalbox/views-redis';
import type { Given } from './arguments.ts';
import type { Command } from './command.ts';
import { Failure, WrongUsage } from './errors.ts';
import type { Host } from './host.ts';
import { counted, createProgress } from './progress.ts';
import { serverOf, serverOptions } from './server.ts';
import { settings } from './settings.ts';

const LOOK_EVERY_MS = 250;
/** A projector looks for requests every half second, and may first have to finish a rebuild that is under way. */
const PATIENCE_MS = 60_000;

const help = `signalbox rebuild: has the read models built anew from the log, beside those that are live.

  signalbox rebuild [--redis URL | --server URL] [--data-dir DIR] [--wait] [--progress]

  --redis URL   redis://user:password@host:6379/0. SIGNALBOX_REDIS_URL stands in for it, and does not show in a list of
                processes
  --server URL  instead: asks a server through its API, which is the way for a standalone one. The admin key is the
                first of SIGNALBOX_ADMIN_KEYS, or that of the data directory
  --data-dir DIR  with --server: where a server in development keeps the admin key that it made
  --wait        waits until they are live; ends with 1 when they cannot be built, or when nobody begins or goes on
                within ${PATIENCE_MS / 1_000} seconds
  --progress    with --wait: a line every few seconds, also where standard error is no terminal

SIGNALBOX_NAMESPACE is that of the projectors, of which one takes it up. Readers notice nothing: they read the old ones
until the new ones show the whole log.

Examples:

  npm run --silent signalbox -- rebuild --wait
  npm run --silent signalbox -- rebuild --wait --redis redis://127.0.0.1:6379
  npm run --silent signalbox -- rebuild --wait --server http://127.0.0.1:3000

Ends with 0 when it is asked for, or with --wait when it is done; 1 when it failed; 2 when it was called wrongly.
`;

export const rebuildCommand: Command = {
  name: 'rebuild',
  summary: 'has the read models built anew from the log',
  help,
  options: { redis: { takes: 'URL' }, ...serverOptions, wait: 'flag', progress: 'flag' },
  run: async (given, host) => {
    if (given.text('server') !== undefined) return rebuildOnServer(given, host);
    const { stack } = settings(host, { SIGNALBOX_REDIS_URL: given.text('redis') }, ['redis']);
    const { redisUrl, namespace } = stack;
    const instance = `signalbox-cli-${host.chance.uuid()}`;
    const redis = await connectRedis({ url: redisUrl ?? '', namespace, instance });
    try {
      const requests = redisRebuildRequests(redis);
      await asked(requests);
      if (!given.flag('wait')) {
        host.stderr('Asked. A projector will take it up; with --wait, this waits until it is done.\n');
        return;
      }
      // A Redis that is away for a moment has said nothing new.
      const look = () => requests.latest().catch(onlyAway);
      const silent = (wasRunning: boolean) => nobody(wasRunning, namespace);
      const { events, position } = await untilDone(look, silent, host, given.flag('progress'));
      host.stderr(`Built from ${counted(events, 'event')}, up to position ${position}. The read models are live.\n`);
    } finally {
      await redis.close();
    }
  },
};

/** The same through the API of a server. */
const rebuildOnServer = async (given: Given, host: Host): Promise<void> => {
  if (given.text('redis') !== undefined) throw new WrongUsage('Name one way: --redis or --server.');
  const server = serverOf(given, host);
  const path = '/v1/admin/read-models/all/rebuilds';
  const { rebuildId } = await server.json(path, auditApi.beginRebuild.answer, { method: 'POST' });
  if (!given.flag('wait')) {
    host.stderr('Asked. With --wait, this waits until it is done.\n');
    return;
  }
  const look = () => server.json(`${path}/${encodeURIComponent(rebuildId)}`, auditApi.rebuild.answer);
  const { events, position } = await untilDone(look, nobodyOnServer, host, given.flag('progress'));
  host.stderr(`Built from ${counted(events, 'event')}, up to position ${position}. The read models are live.\n`);
};

const asked = async (requests: RebuildRequests): Promise<void> => {
  try {
    await requests.ask();
  } catch (error) {
    if (!(error instanceof ViewsUnavailable)) throw error;
    throw new Failure(
      `${error.message}. Is it running, and is its address right? See --redis and SIGNALBOX_REDIS_URL.`,
      {
        cause: error,
      },
    );
  }
};

const untilDone = async (
  look: () => Promise<RebuildReport | null>,
  silent: (wasRunning: boolean) => Failure,
  host: Host,
  asLines: boolean,
): Promise<RebuildReport> => {
  const { clock, timers } = host;
  const progress = createProgress('Rebuilding', { ...host, isPiped: false }, { asLines });
  let known: RebuildReport | null = null;
  let changedAt = clock.monotonic();
  try {
    for (;;) {
      const report: RebuildReport | null = (await look()) ?? known;
      if (report?.state === 'done') return report;
      if (report?.state === 'failed') {
        throw new Failure(
          `It failed after ${counted(report.events, 'event')}; the old read models are live as before. The log of the ` +
            'projector says why. Mend it, and ask again.',
        );
      }
      if (report?.state === 'running') progress.at(report.position, report.head);
      if (!isDeepStrictEqual(report, known)) [known, changedAt] = [report, clock.monotonic()];
      else if (clock.monotonic() - changedAt > PATIENCE_MS) throw silent(report?.state === 'running');
      await pause(timers, LOOK_EVERY_MS);
    }
  } finally {
    progress.end();
  }
};

const onlyAway = (error: unknown): null => {
  if (error instanceof ViewsUnavailable) return null;
  throw error;
};

const nobodyOnServer = (): Failure =>
  new Failure(`The server has said nothing new for ${PATIENCE_MS / 1_000} seconds. See its log and its /ready.`);

const nobody = (wasRunning: boolean, namespace: string): Failure =>
  new Failure(
    wasRunning
      ? `The projector that builds them has said nothing for ${PATIENCE_MS / 1_000} seconds. See its log and its ` +
          '/ready. When it has ended, ask again.'
      : `No projector has taken it up for ${PATIENCE_MS / 1_000} seconds. Is one running, with this Redis and with ` +
          `SIGNALBOX_NAMESPACE=${namespace}, and what does its /ready say? It stays asked for: one that starts takes it up.`,
  );
