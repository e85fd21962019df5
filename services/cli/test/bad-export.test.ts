import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { anExport, aServer, openTarget, readTarget, signalbox, summed } from './fixtures.ts';

const at = (server: { readonly url: string }) => ['--eventstoredb', server.url];

const UNFINISHED =
  'The import is not finished, and services will refuse the log. Mend what follows and run the same import again: it ' +
  'goes on where it stopped.\n';

describe('what is no whole export', () => {
  /** Each gives a text that is wrong, and what is said about it. */
  const wrongs: readonly (readonly [string, (lines: readonly string[]) => string, string])[] = [
    ['nothing', () => '', 'There is nothing to read: the export is empty. Did the command before it fail?'],
    ['another file', () => 'name,age\nann,41\n', 'Line 1: this is no line of an export: it is not JSON.'],
    ['other JSON', () => '{"kind":"log"}\n', 'Line 1: this is no export of Signalbox. “signalbox export” makes one.'],
    [
      'a newer version',
      ([first = '', ...rest]) => [first.replace('"version":1', '"version":2'), ...rest].join('\n'),
      'Line 1: the export has version 2 of the format, and this Signalbox reads version 1. Use the Signalbox that made it, or a newer one.',
    ],
    [
      'a head alone',
      ([first]) => `${first}\n`,
      'The export is cut off after line 1: its end is missing. Export the log again.',
    ],
    [
      'one that ends after an event',
      (lines) => `${lines.slice(0, 8).join('\n')}\n`,
      'The export is cut off after line 8: its end is missing. Export the log again.',
    ],
    [
      'one that ends within an event',
      (lines) => lines.slice(0, 8).join('\n').slice(0, -20),
      'The export is cut off in the middle of line 8. Export the log again.',
    ],
    [
      'a changed time',
      (lines) => lines.join('\n').replace(/"recordedAt":(\d+)000,(?=.*\n.*"kind":"check")/, '"recordedAt":$1001,'),
      'Line 22: what stands before it is not what was exported: the check sum differs. Export the log again.',
    ],
    [
      'another log’s name',
      (lines) => lines.join('\n').replace('log-of-the-test', 'log-of-the-tent'),
      'Line 22: what stands before it is not what was exported: the check sum differs. Export the log again.',
    ],
    [
      'an event less',
      (lines) => lines.toSpliced(20, 1).join('\n'),
      'Line 21: there should be 20 events before it, and there are 19.',
    ],
    [
      'two events the other way round',
      (lines) => lines.with(3, lines[4]!).with(4, lines[3]!).join('\n'),
      'Line 5: position 3 is out of order: it follows 4, and the log ends at 20.',
    ],
    [
      'a line that is something else',
      (lines) => lines.with(5, '{"kind":"event","data":"the payload"}').join('\n'),
      'Line 6: this is no line of an export: position: Invalid input: expected number, received undefined.',
    ],
  ];

  it.each(wrongs)('%s is refused, and nothing of it is written', async (_, alter, said) => {
    const server = await aServer();
    const { text } = await anExport(20);
    const refused = await signalbox(['import', ...at(server)], { input: alter(text.trimEnd().split('\n')) });
    expect(refused).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining(said) });
    expect(refused.stderr).not.toContain('payload');
    expect(await readTarget(server)).toEqual({ id: 'another log', head: 0, events: [] });
  });

  it('one whose sums are right is refused for its order all the same', async () => {
    const server = await aServer();
    const { text } = await anExport(20);
    const lines = text
      .split('\n')
      .slice(0, 21)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const gap = lines.map((line, index) => (index === 3 ? { ...line, revision: 3 } : line));
    expect((await signalbox(['import', ...at(server)], { input: summed(gap) })).stderr).toMatch(
      /^Line 4: revision 3 of session-\w+ is out of order: it follows revision 1\.\n$/,
    );
    const earlier = lines.map((line, index) => (index === 20 ? { ...line, recordedAt: 1 } : line));
    expect((await signalbox(['import', ...at(server)], { input: summed(earlier) })).stderr).toBe(
      'Line 21: the event was recorded before the one in front of it.\n',
    );
    expect((await signalbox(['import', ...at(server)], { input: summed(lines.slice(0, 20)) })).stderr).toBe(
      `${UNFINISHED}Line 22: the export ends at position 19, and the log ended at 20.\n`,
    );
  });

  it('a compressed one is told from anything else', async () => {
    const input = Readable.from([Buffer.from([0x1f, 0x8b, 8, 0, 10])]);
    const refused = await signalbox(['import', '--eventstoredb', 'esdb://127.0.0.1:1'], { input });
    expect(refused.stderr).toBe('The export is compressed. Unpack it on the way: gunzip -c FILE | signalbox import\n');
  });

  it.each([
    [
      'without its end',
      (text: string) => text.replace(/.*\n$/, ''),
      'The export is cut off after line 22: its end is missing. Export the log again.',
    ],
    [
      'with more after its end',
      (text: string) => `${text}{}\n`,
      'Something follows the end of the export, in line 24.',
    ],
  ])('one %s is not finished, and can be with the right one', async (_, alter, said) => {
    const server = await aServer();
    const { text, events, head } = await anExport(20);
    const refused = await signalbox(['import', ...at(server)], { input: alter(text) });
    expect(refused).toEqual({ code: 1, stdout: '', stderr: `${UNFINISHED}${said}\n` });
    await expect(openTarget(server)).rejects.toMatchObject({ code: 'IMPORT_UNFINISHED' });
    expect((await signalbox(['import', ...at(server)], { input: text })).code).toBe(0);
    expect(await readTarget(server)).toEqual({ id: 'log-of-the-test', head, events });
  });

  it('what came before the cut stays, services refuse it, and the whole one goes on from there', async () => {
    const server = await aServer();
    const { text, events, head } = await anExport(2_500);
    const lines = text.split('\n');
    const checks = lines.flatMap((line, index) => (line.startsWith('{"kind":"check"') ? [index] : []));
    expect(checks.length, 'several blocks').toBeGreaterThan(1);
    const cut = lines.slice(0, checks[0]! + 10).join('\n');

    const unfinished = await signalbox(['import', ...at(server)], { input: cut });
    expect(unfinished).toEqual({
      ...{ code: 1, stdout: '' },
      stderr: `${UNFINISHED}The export is cut off after line ${checks[0]! + 10}: its end is missing. Export the log again.\n`,
    });
    await expect(openTarget(server)).rejects.toMatchObject({ code: 'IMPORT_UNFINISHED' });

    const finished = await signalbox(['import', ...at(server)], { input: text });
    expect(finished.stderr).toContain(`It went on after position ${checks[0]! - 1}.`);
    expect(await readTarget(server)).toEqual({ id: 'log-of-the-test', head, events });
  });
});
