import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { aDirectory, anEvent, aStream, openAt, pathIn } from './fixtures.ts';

/** A process of its own that appends to the log in `directory` as fast as it can, and prints a line per acknowledgement. */
const appendingProcess = (directory: string, cycle: number) => {
  const script = new URL('./appending-process.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, pathIn(directory), String(cycle)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, lines: createInterface({ input: child.stdout }) };
};

describe('one writer', () => {
  it('refuses to open a log twice in one process, and leaves the first one working', async () => {
    const directory = aDirectory();
    const log = await openAt(directory);
    await expect(openAt(directory)).rejects.toMatchObject({
      name: 'CannotOpenLog',
      code: 'LOG_IN_USE',
      message: expect.stringContaining(pathIn(directory)),
    });
    expect(await log.append(aStream(), [anEvent()], 'any')).toMatchObject({ kind: 'appended' });
    await log.close();
    const again = await openAt(directory);
    expect(await again.head()).toBe(1);
  });

  it('refuses while another process has it open, and not a moment longer', async () => {
    const directory = aDirectory();
    const { child, lines } = appendingProcess(directory, 9);
    await once(lines, 'line');
    await expect(openAt(directory)).rejects.toMatchObject({ code: 'LOG_IN_USE' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const log = await openAt(directory);
    expect(await log.append(aStream(), [anEvent()], 'any')).toMatchObject({ kind: 'appended' });
  });
});

describe('a process that is killed while it appends', () => {
  it('has lost nothing that it acknowledged, and has written nothing twice or by halves', async () => {
    const directory = aDirectory();
    const acknowledged: string[] = [];
    for (const [cycle, killAfter] of [60, 400, 1_100].entries()) {
      const { child, lines } = appendingProcess(directory, cycle + 1);
      let count = 0;
      for await (const line of lines) {
        acknowledged.push(line);
        if (++count === killAfter) child.kill('SIGKILL');
      }
      expect(count).toBeGreaterThanOrEqual(killAfter);
    }

    const log = await openAt(directory);
    const events = await log.readAll(0, 1_000_000);
    const seen = new Map<string, number>();
    for (const event of events) seen.set(event.id, (seen.get(event.id) ?? 0) + 1);
    expect(acknowledged.filter((id) => seen.get(id) !== 1)).toEqual([]);
    expect([...seen.values()].filter((times) => times !== 1)).toEqual([]);
    expect(events.map((e) => e.position)).toEqual(events.map((_, index) => index + 1));
    const revisions = Map.groupBy(events, (e) => e.stream);
    for (const of of revisions.values()) {
      // Each append of that process writes two events.
      expect(of.length % 2).toBe(0);
      expect(of.map((e) => e.revision)).toEqual(of.map((_, index) => index));
    }
  });
});
