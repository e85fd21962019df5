import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { streamName } from '@signalbox/event-sourcing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { aDirectory, anEvent, openSource, signalbox } from './fixtures.ts';

const aLog = async () => {
  const dataDir = aDirectory();
  const log = await openSource(dataDir);
  onTestFinished(() => log.close());
  for (const category of ['session', 'observation']) {
    for (const id of ['s1', 's2']) await log.append(streamName(category, id), [anEvent(), anEvent()], 'no_stream');
  }
  return dataDir;
};

const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('signalbox export --session', () => {
  it('writes the two streams of a session, also while a server runs, with check sums', async () => {
    const dataDir = await aLog();
    const { code, stdout, stderr } = await signalbox(['export', '--session', 's1', '--data-dir', dataDir]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'Exported 4 events of session s1, of log log-of-the-test.\n' });
    const [head, ...rest] = lines(stdout);
    expect(head).toMatchObject({ format: 'signalbox-session', sessionId: 's1', logId: 'log-of-the-test' });
    expect(rest.filter(({ kind }) => kind === 'event').map(({ stream, position }) => [stream, position])).toEqual([
      ['session-s1', 1],
      ['session-s1', 2],
      ['observation-s1', 5],
      ['observation-s1', 6],
    ]);
    expect(rest.at(-1)).toMatchObject({ kind: 'end', count: 4 });
    const out = join(aDirectory(), 'call.ndjson');
    await signalbox(['export', '--session', 's1', '--data-dir', dataDir, '--out', out]);
    expect(readFileSync(out, 'utf8')).toBe(stdout);
  });

  it('is not taken for a log', async () => {
    const dataDir = await aLog();
    const { stdout } = await signalbox(['export', '--session', 's1', '--data-dir', dataDir]);
    const refused = await signalbox(['import', '--eventstoredb', 'esdb://127.0.0.1:1'], { input: stdout });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('this is no export of Signalbox') });
  });

  it('says so when there is no such session, and leaves no file', async () => {
    const dataDir = await aLog();
    const out = join(aDirectory(), 'call.ndjson');
    const none = await signalbox(['export', '--session', 's9', '--data-dir', dataDir, '--out', out]);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no session s9') });
    expect(existsSync(out)).toBe(false);
  });
});
