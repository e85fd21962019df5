import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Import, readSource } from './source.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

export type CodeFile = {
  /** From the root of the repository. */
  readonly path: string;
  readonly imports: readonly Import[];
  readonly code: string;
  /** Code that runs in production; the rest are tests and benches. */
  readonly production: boolean;
};

export type Package = {
  /** `@signalbox/domain` is `domain`. */
  readonly name: string;
  readonly folder: string;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  readonly files: readonly CodeFile[];
};

/** Made by tools or by running, or belonging to git: nothing that anyone wrote. */
const NOT_OURS = new Set(['node_modules', '.git', '.turbo', 'coverage', 'data', 'package-lock.json']);

/** Every file that somebody wrote, as paths from the root. */
export const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !NOT_OURS.has(entry.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesIn(path) : [path];
    });

export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const manifest = (folder: string) =>
  JSON.parse(read(join(folder, 'package.json'))) as {
    readonly name: string;
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly devDependencies?: Readonly<Record<string, string>>;
  };

const packageAt = (folder: string): Package => {
  const { name, dependencies = {}, devDependencies = {} } = manifest(folder);
  const files = filesIn(folder).filter((path) => path.endsWith('.ts'));
  return {
    name: name.replace('@signalbox/', ''),
    folder,
    dependencies: Object.keys(dependencies),
    devDependencies: Object.keys(devDependencies),
    files: files.map((path) => ({
      path,
      ...readSource(read(path)),
      production: path.startsWith(`${folder}/src/`),
    })),
  };
};

const foldersIn = (parent: string): string[] =>
  readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(parent, entry.name));

export const libs: readonly Package[] = foldersIn('libs').map(packageAt);
export const services: readonly Package[] = foldersIn('services').map(packageAt);
export const packages: readonly Package[] = [...libs, ...services, packageAt('tests'), packageAt('bench')];
/** What every package's tests may import without declaring it, because the root declares it. */
export const toolsOfTests: readonly string[] = Object.keys(manifest('.').devDependencies ?? {});

/** `@fastify/swagger` of `@fastify/swagger/x`; null for a relative path and for a module of Node. */
export const packageOf = (specifier: string): string | null => {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return null;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
};

/** `domain` of `@signalbox/domain/x`; null for anything that is not ours. */
export const ourPackageOf = (specifier: string): string | null =>
  specifier.startsWith('@signalbox/') ? (specifier.split('/')[1] ?? null) : null;
