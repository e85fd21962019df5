import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Processes that wanted to run in the minute before the bench: anything near the number of cores is noise. */
  readonly loadBefore: number;
};

export const thisMachine = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${process.platform} ${process.arch}`,
  node: process.version,
  loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
});

const git = (...args: readonly string[]): string => {
  try {
    return execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return '';
  }
};

/** The commit that is measured; with `-changed` when files differ from it. */
export const thisCommit = (): string => {
  const commit = git('rev-parse', '--short', 'HEAD').trim() || 'unknown';
  const changed = git('status', '--porcelain', '--', '..', ':(exclude)results').trim() !== '';
  return changed ? `${commit}-changed` : commit;
};
