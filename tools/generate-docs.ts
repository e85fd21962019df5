import { readFileSync, writeFileSync } from 'node:fs';
import { catalogue, errorCodes } from '@signalbox/contracts';
import { configurationTables, envExample } from '@signalbox/runtime';
import { type Cause, causes } from '@signalbox/verdict';

/**
 * Writes what the documents say twice over: `.env.example` and the tables of docs/configuration.md from the
 * configuration's schema, docs/errors.md from the catalogue of errors, docs/causes.md from that of verdicts. With `--check` it writes nothing and fails
 * when a file is not what it would write.
 */

const root = new URL('../', import.meta.url);
const START = '<!-- generated from the schema: run `npm run docs` after a change -->';
const END = '<!-- end of what is generated -->';

const read = (path: string): string => {
  try {
    return readFileSync(new URL(path, root), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
};

/** Replaces what stands between the markers and leaves what people wrote around it. */
const betweenMarkers = (text: string, content: string): string => {
  const [before, rest] = text.split(START);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined)
    throw new Error(`docs/configuration.md has lost its markers: ${START} … ${END}`);
  return `${before}${START}\n\n${content}\n\n${END}${after}`;
};

const errorsPage = (): string => {
  const intro = [
    '# Errors',
    '',
    'Every code that a client can meet, over HTTP v1 and `/rpc`. Codes are stable, texts are not. A running server shows the',
    'same at `/problems/<code>`. Generated from `libs/contracts/src/errors.ts`: run `npm run docs` after a change.',
  ];
  const entries = errorCodes.flatMap((code) => {
    const { status, title, help } = catalogue[code];
    return ['', `## ${code}`, '', `${status}. ${title}.`, '', help];
  });
  return `${[...intro, ...entries].join('\n')}\n`;
};

const causesPage = (): string => {
  const intro = [
    '# Causes',
    '',
    'Every cause that a verdict on a call can name: what it means, and what to do. Codes are stable, texts are not. A verdict',
    'that is not certain names the likeliest cause, and in `alternatives` others that fit what is known. Generated from',
    '`libs/verdict/src/catalogue.ts`: run `npm run docs` after a change.',
  ];
  const entries = (Object.keys(causes) as Cause[]).flatMap((code) => {
    const { means, advice } = causes[code];
    const list = advice.map((text) => `- ${text}`);
    return ['', `## ${code}`, '', means, ...(list.length > 0 ? ['', ...list] : [])];
  });
  return `${[...intro, ...entries].join('\n')}\n`;
};

const files: Readonly<Record<string, string>> = {
  '.env.example': envExample(),
  'docs/configuration.md': betweenMarkers(read('docs/configuration.md'), configurationTables()),
  'docs/errors.md': errorsPage(),
  'docs/causes.md': causesPage(),
};

const firstDifference = (is: string, should: string): string => {
  const [have, want] = [is.split('\n'), should.split('\n')];
  const line = want.findIndex((text, index) => text !== have[index]);
  const at = line === -1 ? want.length : line;
  return `line ${at + 1}\n  is:     ${have[at] ?? '(nothing)'}\n  should: ${want[at] ?? '(nothing)'}`;
};

const stale = Object.entries(files).filter(([path, content]) => read(path) !== content);
if (process.argv.includes('--check')) {
  for (const [path, content] of stale) {
    process.stderr.write(`${path} is out of date at ${firstDifference(read(path), content)}\n`);
  }
  if (stale.length > 0) {
    process.stderr.write('Run `npm run docs` and commit what it writes.\n');
    process.exitCode = 1;
  }
} else {
  for (const [path, content] of stale) writeFileSync(new URL(path, root), content);
  process.stdout.write(
    stale.length === 0 ? 'Nothing to do.\n' : `Written: ${stale.map(([path]) => path).join(', ')}\n`,
  );
}
