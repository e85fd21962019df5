import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { evidenceSeed, fillWithEvidence } from '@signalbox/conformance';
import {
  checkProof,
  makeProof,
  noteIn,
  openCheckpoint,
  originOf,
  recordsCheckpoint,
  signerKey,
} from '@signalbox/evidence';
import { openSqliteLogForReading, sqliteTileStore } from '@signalbox/log-sqlite';
import { seededChance } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { aDirectory, everything, openSource, signalbox } from './fixtures.ts';

const origin = originOf('log-of-the-test');
const signer = signerKey(origin, evidenceSeed);

/** The data directory of a server in development, with a log of some 200 events; the server runs while `work` does. */
const whileRunning = async (work: (dataDir: string) => Promise<void>): Promise<string> => {
  const dataDir = aDirectory();
  const log = await openSource(dataDir);
  const tiles = sqliteTileStore({ path: join(dataDir, 'evidence.db') });
  mkdirSync(join(dataDir, 'keys'));
  writeFileSync(join(dataDir, 'keys', 'checkpoint.key'), `${Buffer.from(evidenceSeed).toString('hex')}\n`);
  await fillWithEvidence(log, tiles, 200);
  await work(dataDir);
  tiles.close();
  await log.close();
  return dataDir;
};

const stopped = () => whileRunning(async () => {});

const change = (dataDir: string, sql: string): void => {
  const db = new DatabaseSync(join(dataDir, 'signalbox.db'));
  db.exec(sql);
  db.close();
};

const notesIn = async (dataDir: string): Promise<readonly string[]> => {
  const log = openSqliteLogForReading({ path: join(dataDir, 'signalbox.db') });
  const events = await everything(log);
  await log.close();
  return events.filter(recordsCheckpoint).map((event) => noteIn(event) ?? '');
};

const exportOf = async (dataDir: string): Promise<string> => {
  const path = join(aDirectory(), 'export.ndjson');
  const { code, stderr } = await signalbox(['export', '--data-dir', dataDir, '--out', path]);
  expect(code, stderr).toBe(0);
  return path;
};

const second = fileURLToPath(new URL('../../../tools/verify/verify.mjs', import.meta.url));

/** What the second verifier says. */
const secondOpinion = async (...args: readonly string[]) => {
  const run = promisify(execFile)(process.execPath, [second, '--json', ...args]);
  const { stdout } = await run.catch((error: { readonly stdout: string; readonly stderr: string }) => error);
  return JSON.parse(stdout) as { readonly difference: { readonly position: number; readonly upTo: number } | null };
};

describe('signalbox verify', () => {
  it('finds a log intact, beside a running server and afterwards', async () => {
    const dataDir = await whileRunning(async (running) => {
      const { code, stdout, stderr } = await signalbox(['verify', '--data-dir', running]);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      expect(stdout).toMatch(/^Intact: 201 events of log log-of-the-test, up to position 201\.\n5 checkpoints agree/);
      expect(stdout).toContain('1 event after the last checkpoint');
      expect(stdout).not.toContain('not checked');
    });
    const { code, stdout } = await signalbox(['verify', '--data-dir', dataDir, '--json', '--key', signer.text]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ log: 'log-of-the-test', intact: true, difference: null, events: 201, uncovered: 1 },
      ...{ signaturesChecked: true, covered: { size: 200, position: 200 } },
    });
  });

  it('names the first position that differs, in the file and in an export of it', async () => {
    for (const [sql, position, what] of [
      ["UPDATE events SET actor = 'nobody' WHERE position = 77", 77, 'hash'],
      ['DELETE FROM events WHERE position = 99', 99, 'missing'],
      ['UPDATE events SET recorded_at = recorded_at - 5000 WHERE position = 120', 120, 'time'],
      ['UPDATE events SET hash = NULL WHERE position = 55', 55, 'hash'],
    ] as const) {
      const dataDir = await stopped();
      change(dataDir, sql);
      const inPlace = await signalbox(['verify', '--data-dir', dataDir]);
      expect(inPlace.code).toBe(1);
      expect(inPlace.stderr).toContain(`differs first at position ${position} (${what})`);
      const file = await exportOf(dataDir);
      const ofExport = await signalbox(['verify', '--export', file, '--key', signer.text, '--json']);
      expect(ofExport.code).toBe(1);
      expect(JSON.parse(ofExport.stdout)).toMatchObject({ intact: false, difference: { position, upTo: position } });
      expect(await secondOpinion(file, '--key', signer.text)).toMatchObject({
        difference: { position, upTo: position, what },
      });
    }
  });

  it('finds that the end is gone by a checkpoint that was kept', async () => {
    const dataDir = await stopped();
    const kept = join(aDirectory(), 'kept.txt');
    writeFileSync(kept, (await notesIn(dataDir)).at(-1) ?? '');
    const whole = await exportOf(dataDir);
    change(dataDir, 'DELETE FROM events WHERE position > 150');
    const byTiles = await signalbox(['verify', '--data-dir', dataDir]);
    expect(byTiles).toMatchObject({ code: 1, stderr: expect.stringContaining('position 151') });
    const file = await exportOf(dataDir);
    expect((await signalbox(['verify', '--export', file])).code).toBe(0);
    expect(await signalbox(['verify', '--export', file, '--checkpoint', kept])).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('(truncated)') },
    });
    expect(await secondOpinion(file, '--checkpoint', kept)).toMatchObject({ difference: { position: 151, upTo: 200 } });
    expect((await signalbox(['verify', '--export', whole, '--checkpoint', kept])).code).toBe(0);
  });

  it('finds what was changed beside the events', async () => {
    const dataDir = await stopped();
    change(dataDir, 'UPDATE streams SET revision = revision + 3 WHERE id = 4');
    const { code, stderr } = await signalbox(['verify', '--data-dir', dataDir]);
    expect(code).toBe(1);
    expect(stderr).toContain('beside them');
  });

  it('says what is wrong with how it was called', async () => {
    const dataDir = await stopped();
    const file = join(dataDir, 'nothing');
    for (const [args, code, says] of [
      [['--data-dir', dataDir, '--export', file], 2, 'Name one log'],
      [['--export', file], 1, 'There is no file'],
      [['--data-dir', join(dataDir, 'keys')], 1, 'There is no log'],
      [['--data-dir', dataDir, '--key', 'x'], 2, '--key'],
      [['--data-dir', dataDir, '--checkpoint', join(dataDir, 'keys', 'checkpoint.key')], 1, 'cannot be read'],
    ] as const) {
      expect(await signalbox(['verify', ...args])).toMatchObject({ code, stderr: expect.stringContaining(says) });
    }
  });
});

describe('the second verifier', () => {
  it('agrees about changes anywhere in an export', { timeout: 120_000 }, async () => {
    const file = await exportOf(await stopped());
    const text = readFileSync(file);
    const chance = seededChance(7);
    const below = (count: number) => Math.floor(chance.fraction() * count);
    const other = join(aDirectory(), 'changed.ndjson');
    let changed = 0;
    for (let run = 0; run < 100; run++) {
      const bytes = Buffer.from(text);
      const lines = text.toString().split('\n');
      if (run < 60) {
        const at = below(bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(7));
        writeFileSync(other, bytes);
      } else {
        const [a, b] = [2 + below(lines.length - 6), 2 + below(lines.length - 6)];
        const [left = '', right = ''] = [lines[a], lines[b]];
        if (run < 75) lines.splice(a, 1);
        else [lines[a], lines[b]] = [right, left];
        writeFileSync(other, lines.join('\n'));
      }
      const { code, stdout } = await signalbox(['verify', '--export', other, '--key', signer.text, '--json']);
      const ours = stdout === '' ? null : JSON.parse(stdout);
      const theirs = await secondOpinion(other, '--key', signer.text).catch(() => null);
      if (ours === null || theirs === null) continue; // the head of the file is no head any more
      expect(theirs.difference === null ? 0 : 1, `run ${run}: ${stdout}`).toBe(code);
      if (ours.difference === null) continue;
      changed++;
      expect(theirs.difference, `run ${run}: ${stdout}`).toMatchObject({
        position: ours.difference.position,
        upTo: ours.difference.upTo,
      });
    }
    expect(changed).toBeGreaterThan(60);
  });

  it('agrees about the proof of a session, and what was changed in it', async () => {
    const dataDir = await stopped();
    const log = openSqliteLogForReading({ path: join(dataDir, 'signalbox.db') });
    const tiles = sqliteTileStore({ path: join(dataDir, 'evidence.db') });
    const note = (await notesIn(dataDir)).at(-1) ?? '';
    const checkpoint = openCheckpoint(note, [signer]);
    if (typeof checkpoint === 'string') throw new Error(checkpoint);
    const all = await everything(log);
    const bundle = await makeProof({
      ...{ logId: log.id, sessionId: 's7', note, checkpoint, keys: [signer], tiles },
      events: all.filter(({ stream }) => stream === 'session-s7'),
    });
    tiles.close();
    await log.close();
    const file = join(dataDir, 'proof.json');
    const agreed = async (one: typeof bundle) => {
      writeFileSync(file, JSON.stringify(one));
      const { valid, position } = checkProof(one);
      const { difference } = await secondOpinion(file);
      expect(difference === null).toBe(valid);
      expect(difference?.position ?? null).toBe(position);
      return valid;
    };
    expect(bundle.events.length).toBeGreaterThan(4);
    expect(checkProof(bundle)).toMatchObject({ valid: true, proven: bundle.events.length, newer: 0 });
    expect(await agreed(bundle)).toBe(true);
    const [first, ...rest] = bundle.events;
    if (!first?.inclusion) throw new Error('It is proven.');
    for (const events of [
      rest,
      [{ ...first, data: 'eA==' }, ...rest],
      [{ ...first, recordedAt: first.recordedAt + 1 }, ...rest],
      [{ ...first, inclusion: { ...first.inclusion, index: first.inclusion.index + 1 } }, ...rest],
      [{ ...first, inclusion: null }, ...rest],
    ]) {
      expect(await agreed({ ...bundle, events })).toBe(false);
    }
    const forged = { ...bundle, checkpoint: bundle.checkpoint.replace('\n200\n', '\n199\n') };
    expect(checkProof(forged).valid).toBe(false);
    writeFileSync(file, JSON.stringify(forged));
    expect((await secondOpinion(file)).difference).not.toBeNull();
  });
});
