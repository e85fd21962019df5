import { describe, expect, it } from 'vitest';
import { aDirectory, signalbox } from './fixtures.ts';

const terminal = { stdin: true, stdout: true, stderr: true };

describe('signalbox', () => {
  it('--help and --version answer on standard output', async () => {
    const help = await signalbox(['--help']);
    expect(help).toEqual({ code: 0, stderr: '', stdout: expect.stringContaining('signalbox COMMAND --help') });
    expect(await signalbox(['-h'])).toEqual(help);
    for (const name of ['export', 'import', 'rebuild', 'timeline', 'replay'])
      expect(help.stdout).toContain(`  ${name}`);
    expect(await signalbox(['--version'])).toEqual({ code: 0, stderr: '', stdout: '1.2.3\n' });
  });

  it.each([
    'export',
    'import',
    'rebuild',
    'timeline',
    'replay',
    'keys status',
    'keys rotate',
    'keys export',
    'keys import',
  ])('%s --help says what it does, with options, examples and exit codes', async (name) => {
    const { code, stdout, stderr } = await signalbox([...name.split(' '), '--help', '--whatever']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.startsWith(`signalbox ${name}: `)).toBe(true);
    expect(stdout).toContain(`npm run --silent signalbox -- ${name}`);
    expect(stdout).toMatch(/Ends with 0 .*1 when it failed/s);
    expect(stdout.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });

  it.each([
    [[], 'Say what to do: export, import, rebuild, '],
    [['exprot'], 'There is no command “exprot”. There are export, import, rebuild, '],
    [['keys'], 'Say what to do with keys: status, rotate, export, import. See signalbox keys --help.'],
    [
      ['keys', 'lose'],
      'There is no command “keys lose”. There are status, rotate, export, import. See signalbox keys --help.',
    ],
    [['keys', '--json', 'status'], 'There is no command “keys --json”.'],
    [['--what'], 'There is no command “--what”. There are export, import, rebuild, '],
    [
      ['export', '--to', 'x'],
      'signalbox export has no option --to. There are --data-dir DIR, --session ID, --out FILE, --progress. See signalbox export --help.',
    ],
    [
      ['export', 'x'],
      'signalbox export takes options only, and “x” is none. There are --data-dir DIR, --session ID, --out FILE, --progress. See signalbox export --help.',
    ],
    [['export', '--out'], '--out needs a value: --out FILE. See signalbox export --help.'],
    [['export', '--out='], '--out needs a value: --out FILE. See signalbox export --help.'],
    [['export', '--out', '--progress'], '--out needs a value: --out FILE. See signalbox export --help.'],
    [
      ['export', '--out', 'a', '--out', 'b'],
      '--out is given twice, and it is unclear which to use. See signalbox export --help.',
    ],
    [['export', '--progress=yes'], '--progress takes no value. See signalbox export --help.'],
    [
      ['import'],
      'SIGNALBOX_EVENTSTOREDB_URL is not set: this service works on that server and on no other. Set its address. The option --eventstoredb stands in for it.',
    ],
    [['import', '--eventstoredb', 'http://user:secret@x'], 'SIGNALBOX_EVENTSTOREDB_URL'],
    [
      ['rebuild'],
      'SIGNALBOX_REDIS_URL is not set: this service works on that server and on no other. Set its address. The option --redis stands in for it.',
    ],
  ])('%j is wrong usage, and what would be right is said', async (args, said) => {
    const wrong = await signalbox(args);
    expect(wrong).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining(said) });
    expect(wrong.stderr).not.toContain('secret');
  });

  it('keys --help lists what can be done with keys', async () => {
    const { code, stdout, stderr } = await signalbox(['keys', '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const name of ['status', 'rotate', 'export', 'import']) expect(stdout).toContain(`  keys ${name} `);
    expect(stdout).not.toContain('rebuild');
  });

  it('a variable that no part of Signalbox knows is told; those of the servers are left alone', async () => {
    const env = { SIGNALBOX_NAMSPACE: 'x', SIGNALBOX_PORT: 'not a port', SIGNALBOX_MASTER_KEYS_FILE: '/nowhere' };
    expect(await signalbox(['import', '--eventstoredb', 'esdb://127.0.0.1:1'], { env })).toEqual({
      ...{ code: 2, stdout: '' },
      stderr:
        'SIGNALBOX_NAMSPACE is not a variable of Signalbox, so it would have no effect. Did you mean SIGNALBOX_NAMESPACE?\n',
    });
  });

  it('neither pours a log into a terminal nor waits for one to be typed', async () => {
    expect(await signalbox(['export', '--data-dir', aDirectory()], { isTerminal: terminal })).toEqual({
      ...{ code: 2, stdout: '' },
      stderr: 'The whole log would go to this terminal. Name a file, --out FILE, or write to a pipe.\n',
    });
    expect(await signalbox(['import', '--eventstoredb', 'esdb://127.0.0.1:1'], { isTerminal: terminal })).toEqual({
      ...{ code: 2, stdout: '' },
      stderr: 'Nothing is piped in. Name a file, --in FILE, or: signalbox export | signalbox import\n',
    });
  });
});
