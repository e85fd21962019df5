import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { variables } from '../src/index.ts';

const root = new URL('../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

describe('the documents of the configuration', () => {
  it('are what the schema says', () => {
    const checked = () =>
      execFileSync(process.execPath, ['tools/generate-docs.ts', '--check'], { cwd: root, stdio: 'pipe' });
    expect(checked).not.toThrow();
  });

  it('tell of every variable, in the table and in the example', () => {
    const [table, example] = [read('docs/configuration.md'), read('.env.example')];
    expect(variables.length).toBeGreaterThan(40);
    for (const { name, description } of variables) {
      expect(description.length).toBeGreaterThan(10);
      expect(table).toContain(`| \`${name}\` |`);
      expect(example).toContain(`# ${name}=`);
    }
  });

  it('have an example that changes nothing when it is copied as it is', () => {
    const active = read('.env.example')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(active).toEqual([]);
  });

  it('name only variables that there are', () => {
    const known = new Set(variables.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name])));
    const named = `${read('docs/configuration.md')}${read('.env.example')}`.match(/SIGNALBOX_[A-Z_]*[A-Z]/g) ?? [];
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });
});
