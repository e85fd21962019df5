import { readFileSync } from 'node:fs';
import { type Config, loadConfig, type StackPart, variables } from '@signalbox/runtime';
import { WrongUsage } from './errors.ts';
import type { Host } from './host.ts';

/** The variables that commands read, with the option that stands in for each. */
const own = {
  SIGNALBOX_DATA_DIR: 'data-dir',
  SIGNALBOX_EVENTSTOREDB_URL: 'eventstoredb',
  SIGNALBOX_REDIS_URL: 'redis',
  SIGNALBOX_KEYS_URL: 'keys',
  SIGNALBOX_NAMESPACE: null,
} as const;

type OwnName = keyof typeof own;

/** What a command may need beside those; any other command does not even read them. */
type SecretName = 'SIGNALBOX_ADMIN_KEYS' | 'SIGNALBOX_CHECKPOINT_KEYS' | 'SIGNALBOX_MASTER_KEYS';

/**
 * The settings of a command: those of the services, from the same variables, where no option was given. What only a
 * server needs is left alone, so that it need not be complete here. Throws `WrongUsage` with every problem at once.
 */
export const settings = (
  { env }: Host,
  given: Partial<Record<OwnName, string | undefined>>,
  needs: readonly StackPart[],
  secrets: readonly SecretName[] = [],
): Config => {
  const wanted = new Map(Object.entries(env).filter(([name]) => concernsUs(name, secrets)));
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    wanted.delete(`${name}_FILE`);
    wanted.set(name, value);
  }
  const loaded = loadConfig(Object.fromEntries(wanted), (path) => readFileSync(path, 'utf8'), needs);
  if ('ok' in loaded) return loaded.ok;
  throw new WrongUsage(loaded.problems.map((problem) => problem + optionFor(problem)).join('\n'));
};

/** A name that no server knows either is kept: it is a slip, and is told so. */
const concernsUs = (name: string, secrets: readonly string[]): boolean => {
  const plain = name.replace(/_FILE$/, '');
  if (plain in own || secrets.includes(plain)) return true;
  return !variables.some((variable) => variable.name === name || variable.name === plain);
};

const optionFor = (problem: string): string => {
  const [, option] = Object.entries(own).find(([name]) => problem.startsWith(name)) ?? [];
  return option ? ` The option --${option} stands in for it.` : '';
};
