// Fails when a package that is installed for production has a licence that may not be shipped with Apache-2.0 code.
import { readFileSync } from 'node:fs';

const ALLOWED = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'CC0-1.0',
  'Unlicense',
  'BlueOak-1.0.0',
  'Python-2.0',
  'MIT-0',
]);
/** Packages that say their licence in another way than by an SPDX expression, each looked at by a person. */
const LOOKED_AT = new Map([
  // In the old form of a list; needed by testcontainers, which is for tests alone and in no image.
  ['buildcheck', 'MIT'],
  ['cpu-features', 'MIT'],
  ['ssh2', 'MIT'],
]);

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
const isAllowed = (expression) =>
  expression
    .replace(/[()]/g, '')
    .split(/ OR /)
    .some((choice) => choice.split(/ AND /).every((one) => ALLOWED.has(one.trim())));

const refused = [];
let looked = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  if (!path.includes('node_modules/') || entry.link || entry.dev) continue;
  looked++;
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const licence = entry.license ?? LOOKED_AT.get(name) ?? 'none given';
  if (!isAllowed(licence)) refused.push(`${name}@${entry.version}: ${licence}`);
}
if (refused.length > 0) {
  console.error(
    `These packages may not be shipped:\n  ${refused.join('\n  ')}\nReplace them, or say in tools/licences.mjs why they may.`,
  );
  process.exit(1);
}
console.log(`Licences: ${looked} packages, all allowed.`);
