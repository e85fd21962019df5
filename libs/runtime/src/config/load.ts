import { type Config, toConfig } from './config.ts';
import { contradictions, missing, type StackPart, unsafeInProduction } from './rules.ts';
import { type Environment, environment } from './schema.ts';
import { aboutOf } from './setting.ts';

export type Env = Readonly<Record<string, string | undefined>>;

const PREFIX = 'SIGNALBOX_';

const names = Object.keys(environment.shape) as readonly (keyof Environment)[];
const secretNames = names.filter((name) => aboutOf(environment.shape[name]).secret);
const fileNames = secretNames.map((name) => `${name}_FILE`);

/**
 * The whole configuration, or every problem with it at once: what is wrong, why it matters and what to do. No problem
 * ever quotes a secret. An empty variable counts as one that is not set. `readFile` may throw. `needs`: the servers that
 * this process can't do without.
 */
export const loadConfig = (
  env: Env,
  readFile: (path: string) => string,
  needs: readonly StackPart[] = [],
): { readonly ok: Config } | { readonly problems: readonly string[] } => {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith(PREFIX) && value !== undefined && value.trim() !== '') given[name] = value.trim();
  }
  const problems = [...unknownNames(given)];
  const unreadable = new Set<string>();
  for (const name of secretNames) {
    const read = readSecretFile(name, given, readFile);
    if (read === undefined) continue;
    if ('value' in read) given[name] = read.value;
    else {
      problems.push(read.problem);
      unreadable.add(name);
    }
  }

  const parsed: Partial<Environment> = {};
  for (const name of names) {
    if (unreadable.has(name)) continue;
    const result = environment.shape[name].safeParse(given[name]);
    if (result.success) Object.assign(parsed, { [name]: result.data });
    else problems.push(...result.error.issues.map((issue) => `${name} ${issue.message}.`));
  }
  problems.push(...contradictions(parsed), ...missing(needs, parsed));
  if (parsed.SIGNALBOX_MODE === 'production') problems.push(...unsafeInProduction(parsed));
  return problems.length > 0 ? { problems } : { ok: toConfig(parsed as Environment) };
};

/** What `<name>_FILE` points at; undefined when there is no such variable. */
const readSecretFile = (
  name: string,
  given: Readonly<Record<string, string>>,
  readFile: (path: string) => string,
): { readonly value: string } | { readonly problem: string } | undefined => {
  const path = given[`${name}_FILE`];
  if (path === undefined) return undefined;
  if (given[name] !== undefined) {
    return { problem: `${name} and ${name}_FILE are both set, so it is unclear which to use. Leave one of them out.` };
  }
  try {
    return { value: readFile(path).trim() };
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    return {
      problem: `${name}_FILE names “${path}”, which cannot be read (${code}). Put the keys there, or mend the path.`,
    };
  }
};

const unknownNames = (given: Readonly<Record<string, string>>): readonly string[] => {
  const known: readonly string[] = [...names, ...fileNames];
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const near = known
        .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
        .filter(({ distance }) => distance <= 4)
        .sort((a, b) => a.distance - b.distance)[0];
      const hint = near ? `Did you mean ${near.candidate}?` : 'docs/configuration.md lists those there are.';
      return `${name} is not a variable of Signalbox, so it would have no effect. ${hint}`;
    });
};

/** How many single characters must be put in, left out or changed to make one text of the other. */
const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
};
