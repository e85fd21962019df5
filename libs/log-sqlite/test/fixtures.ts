import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NewEvent, type StreamName, streamName } from '@signalbox/event-sourcing';
import { onTestFinished } from 'vitest';
import { openSqliteLog, type SqliteLog, type SqliteLogOptions } from '../src/index.ts';

export const NOW = 1_760_000_000_000;

/** A directory of the test's own, removed when the test has ended. */
export const aDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-log-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

export const pathIn = (directory: string): string => join(directory, 'data', 'log.db');

/** The log in this directory; closed when the test has ended. */
export const openAt = async (
  directory: string,
  now: () => number = () => NOW,
  more: Partial<SqliteLogOptions> = {},
): Promise<SqliteLog> => {
  const log = await openSqliteLog({ path: pathIn(directory), now, newLogId: () => `log of ${directory}`, ...more });
  onTestFinished(() => log.close());
  return log;
};

let made = 0;

export const anId = (): string => `00000000-0000-7000-8000-${(++made).toString(16).padStart(12, '0')}`;

export const aStream = (): StreamName => streamName('thing', `t${++made}`);

export const anEvent = (over: Partial<NewEvent> = {}): NewEvent => ({
  id: anId(),
  type: 'ThingHappened',
  schemaVersion: 1,
  data: new TextEncoder().encode('{"what":"thing"}'),
  keyId: null,
  metadata: {
    actor: 'actor',
    correlationId: 'correlation',
    causationId: 'causation',
    trace: null,
    authorisation: null,
  },
  hash: null,
  previousHash: null,
  ...over,
});
