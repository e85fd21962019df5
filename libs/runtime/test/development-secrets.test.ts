import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, type SecretFiles, secretFilesOnDisk, systemChance, withDevelopmentSecrets } from '../src/index.ts';
import { countingChance } from './fakes.ts';

/** A double: files in a map, with their modes. */
const memoryFiles = () => {
  const files = new Map<string, { readonly content: string; readonly mode: number }>();
  const directories = new Map<string, number>();
  const access: SecretFiles = {
    makeDirectory: (path, mode) => void directories.set(path, mode),
    read: (path) => files.get(path)?.content,
    create: (path, content, mode) => {
      if (files.has(path)) return false;
      files.set(path, { content, mode });
      return true;
    },
  };
  return { files, directories, access };
};

const configOf = (env: Record<string, string>) => {
  const loaded = loadConfig({ SIGNALBOX_DATA_DIR: '/data', ...env }, () => '');
  if ('problems' in loaded) throw new Error(loaded.problems.join());
  return loaded.ok;
};

const hex = (byte: number) => Buffer.alloc(32, byte).toString('hex');

describe('keys made in development', () => {
  it('are four different ones, which only their owner can read', () => {
    const { files, directories, access } = memoryFiles();
    const { config, made } = withDevelopmentSecrets(configOf({}), access, countingChance());
    expect(config.secrets).toEqual({
      masterKeys: [hex(1)],
      tokenKeys: [hex(2)],
      adminKeys: [hex(3)],
      checkpointKeys: [hex(4)],
    });
    expect(made).toEqual(['master', 'token', 'admin', 'checkpoint'].map((name) => join('/data/keys', `${name}.key`)));
    expect(directories).toEqual(new Map([['/data/keys', 0o700]]));
    expect([...files.values()].map(({ mode }) => mode)).toEqual([0o600, 0o600, 0o600, 0o600]);
  });

  it('are the same at the next start', () => {
    const { access } = memoryFiles();
    const first = withDevelopmentSecrets(configOf({}), access, countingChance());
    const again = withDevelopmentSecrets(configOf({}), access, countingChance());
    expect(again.config.secrets).toEqual(first.config.secrets);
    expect(again.made).toEqual([]);
  });

  it('are those of whoever was first, when two processes start at once', () => {
    const { access } = memoryFiles();
    const others = withDevelopmentSecrets(configOf({}), access, countingChance());
    let asked = 0;
    // The first look at each file is from before the other process made it.
    const late: SecretFiles = { ...access, read: (path) => (asked++ % 2 === 0 ? undefined : access.read(path)) };
    const { config, made } = withDevelopmentSecrets(configOf({}), late, systemChance);
    expect(config.secrets).toEqual(others.config.secrets);
    expect(made).toEqual([]);
  });

  it('do not replace what is configured', () => {
    const { files, access } = memoryFiles();
    const given = `${'ab'.repeat(31)}cd`;
    const { config, made } = withDevelopmentSecrets(
      configOf({ SIGNALBOX_TOKEN_KEYS: given }),
      access,
      countingChance(),
    );
    expect(config.secrets.tokenKeys).toEqual([given]);
    expect(made).toHaveLength(3);
    expect(files.has('/data/keys/token.key')).toBe(false);
  });

  it('lie on a real disk with the modes that were asked for', () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'signalbox-'));
    const config = configOf({ SIGNALBOX_DATA_DIR: dataDir });
    const first = withDevelopmentSecrets(config, secretFilesOnDisk, systemChance);
    const again = withDevelopmentSecrets(config, secretFilesOnDisk, systemChance);
    const modeOf = (path: string) => statSync(path).mode & 0o777;
    const keys = join(dataDir, 'keys');
    expect(readdirSync(keys).sort()).toEqual(['admin.key', 'checkpoint.key', 'master.key', 'token.key']);
    expect([modeOf(keys), ...first.made.map(modeOf)]).toEqual([0o700, 0o600, 0o600, 0o600, 0o600]);
    expect(again).toEqual({ config: first.config, made: [] });
    expect(new Set(Object.values(first.config.secrets).flat()).size).toBe(4);
    expect(secretFilesOnDisk.create(join(keys, 'admin.key'), 'x', 0o600)).toBe(false);
    expect(readdirSync(keys), 'no drafts are left').toHaveLength(4);
    rmSync(dataDir, { recursive: true });
  });
});
