import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from './config/index.ts';
import type { Chance } from './time.ts';

/** What is needed of the disk. */
export interface SecretFiles {
  /** Creates the directory and its parents, or leaves it; either way it has this mode afterwards. */
  makeDirectory(path: string, mode: number): void;
  /** Undefined when there is no such file. */
  read(path: string): string | undefined;
  /** Creates a file with this mode and its whole content at once; false when there is one already. */
  create(path: string, content: string, mode: number): boolean;
}

export const secretFilesOnDisk: SecretFiles = {
  makeDirectory: (path, mode) => {
    mkdirSync(path, { recursive: true, mode });
    chmodSync(path, mode); // it may have been there, with another mode
  },
  read: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  },
  create: (path, content, mode) => {
    // Written beside it and linked into place, so that nobody reads half a key; a link replaces nothing.
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, content, { mode });
    try {
      linkSync(draft, path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      rmSync(draft);
    }
  },
};

const KEY_BYTES = 32;

/**
 * Fills the keys that a development configuration leaves out from `<data dir>/keys`, making those that are not there
 * yet. The same directory gives the same keys again, so that what was sealed stays readable. `made` holds the paths
 * of new files, for the start-up message.
 */
export const withDevelopmentSecrets = (
  config: Config,
  files: SecretFiles,
  chance: Chance,
): { readonly config: Config; readonly made: readonly string[] } => {
  const made: string[] = [];
  const directory = join(config.dataDir, 'keys');
  const fill = (given: readonly string[], file: string): readonly string[] => {
    if (given.length > 0) return given;
    files.makeDirectory(directory, 0o700);
    const path = join(directory, file);
    const known = files.read(path)?.trim();
    if (known !== undefined) return [known];
    const key = Buffer.from(chance.bytes(KEY_BYTES)).toString('hex');
    if (!files.create(path, `${key}\n`, 0o600)) {
      const others = files.read(path)?.trim();
      if (others) return [others];
      throw new Error(`${path} was there a moment ago and is not any more, or is empty. Start again.`);
    }
    made.push(path);
    return [key];
  };
  const { masterKeys, tokenKeys, adminKeys, checkpointKeys } = config.secrets;
  const secrets = {
    masterKeys: fill(masterKeys, 'master.key'),
    tokenKeys: fill(tokenKeys, 'token.key'),
    adminKeys: fill(adminKeys, 'admin.key'),
    checkpointKeys: fill(checkpointKeys, 'checkpoint.key'),
  };
  return { config: { ...config, secrets }, made };
};
