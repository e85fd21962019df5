import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { causes } from '../src/index.ts';

const codesIn = (path: string, pattern: RegExp) =>
  [...readFileSync(new URL(path, import.meta.url), 'utf8').matchAll(pattern)].map(([, code]) => code);

it('the table of the README and docs/causes.md name every cause, in the order of the catalogue', () => {
  expect(codesIn('../README.md', /^\| `(\w+)` \|/gm)).toEqual(Object.keys(causes));
  expect(codesIn('../../../docs/causes.md', /^## (\w+)$/gm)).toEqual(Object.keys(causes));
});
