import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { root, startServer, temporaryDirectory } from './support/server.ts';

const run = promisify(execFile);

const documents = globSync('**/*.md', {
  cwd: root,
  exclude: (path) => /(^|\/)(node_modules|\.git|data)(\/|$)/.test(path),
}).toSorted();

const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** The shell blocks of the section with this heading, in order. */
const shellBlocks = (path: string, heading: string): readonly string[] => {
  const section = read(path)
    .split(/^(?=## )/m)
    .find((text) => text.startsWith(`## ${heading}\n`));
  if (section === undefined) throw new Error(`${path} has no section “${heading}”.`);
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block ?? '');
};

/** What a person does who pastes these blocks into one terminal. The first command that fails ends it. */
const paste = async (blocks: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const echoing = blocks.map((block, index) => `${block}\nprintf '\\n=== block ${index}\\n'`);
  const { stdout } = await run('sh', ['-eu', '-c', echoing.join('\n')], {
    ...{ cwd: root, timeout: 60_000, env: { ...process.env, ...env } },
  });
  return stdout.split(/\n=== block \d+\n/).slice(0, blocks.length);
};

const DOCUMENTED_ADDRESS = 'http://127.0.0.1:3000';
const WALK = 'From a credential to an answered offer, in five minutes';
const WHY = 'Why did this call fail?';

describe('README.md', () => {
  it('its walk works as it is printed, from the credential to the answer in the feed', async () => {
    const blocks = shellBlocks('README.md', WALK);
    expect(blocks.length).toBeGreaterThanOrEqual(5);
    await using server = await startServer();
    const said = await paste(blocks.map((block) => block.replaceAll(DOCUMENTED_ADDRESS, server.url)));
    const all = said.join('\n');
    expect(all, 'no step is refused').not.toContain('"code":');
    expect(all).not.toContain('<html');
    const answers = [...all.matchAll(/\{.*?\}(?=\{|\n|$)/g)].map(([json]) => JSON.parse(json) as object);
    expect(answers).toMatchObject([
      { sessions: [{ tags: ['chat'] }] },
      { answeredAt: expect.any(Number) },
      { count: 1 },
      { items: [{ type: 'answered' }, { type: 'candidates' }], cursor: expect.any(String), recovered: true },
    ]);
  });

  it('its call that fails is explained and proven as it is printed, by whoever has made the walk', async () => {
    const directory = temporaryDirectory();
    await using server = await startServer({ dataDir: directory });
    const [people = ''] = shellBlocks('README.md', WALK);
    const blocks = [people, ...shellBlocks('README.md', WHY)].map((block) =>
      block
        .replaceAll(DOCUMENTED_ADDRESS, server.url)
        .replaceAll('call.proof.json', join(directory, 'call.proof.json')),
    );
    const [, call = '', told = '', proven = ''] = await paste(blocks, { SIGNALBOX_DATA_DIR: directory });
    expect(call).not.toContain('"code":');
    expect(told).toContain('failed (answer_not_fetched): ');
    const printed = read('README.md').match(/^ {2}try: .*$|^failed \(\w+\)/gm) ?? [];
    expect(printed.length, 'what the README shows is what is said').toBeGreaterThanOrEqual(3);
    for (const line of printed) expect(told).toContain(line);
    expect(told).toMatch(/OfferPublished[\s\S]*OfferAnswered[\s\S]*ConnectionReported/);
    expect(proven).toMatch(/^Intact: 3 events[\s\S]*^Intact: \d+ events of log /m);
  });

  it('names the events that there are', () => {
    const golden = globSync('libs/event-schemas/golden/*.json', { cwd: root });
    expect(golden.length).toBeGreaterThan(0);
    for (const file of golden) {
      const type = /([A-Za-z]+)\.v\d+\.json$/.exec(file)?.[1] ?? '';
      expect(read('README.md'), type).toContain(`\`${type}\``);
    }
  });
});

describe('what `npm start` prints', () => {
  it('three lines that work as pasted', async () => {
    await using server = await startServer();
    const lines = server
      .output()
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => /^(\w+=\$\()?curl /.test(line));
    expect(lines).toHaveLength(3);
    const [, published, found] = await paste(lines);
    expect(JSON.parse(published ?? '')).toMatchObject({ sessions: [{ sessionId: expect.any(String) }] });
    const { sessionId } = JSON.parse(published ?? '').sessions[0];
    expect(JSON.parse(found ?? '')).toMatchObject({ sessions: [{ sessionId, tags: ['chat'] }] });
    expect(server.output(), 'where its data is').toContain(server.dataDir);
  });
});

describe('every document', () => {
  it('has links that lead somewhere', () => {
    expect(documents).toEqual(expect.arrayContaining(['README.md', 'ARCHITECTURE.md', 'docs/configuration.md']));
    const broken = documents.flatMap((path) => {
      const text = read(path).replace(/^```[\s\S]*?^```$/gm, '');
      return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target]) => target ?? '')
        .filter((target) => !/^(https?:|mailto:|#)/.test(target))
        .filter((target) => {
          const [file = '', anchor] = target.split('#');
          const destination = join(dirname(path), file);
          if (!existsSync(join(root, destination))) return true;
          return anchor !== undefined && file.endsWith('.md') && !anchorsOf(destination).has(anchor);
        })
        .map((target) => `${path}: ${target}`);
    });
    expect(broken).toEqual([]);
  });

  it('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const missing = documents.flatMap((path) =>
      [...read(path).matchAll(/npm run (?:--silent )?([\w:-]+)/g)]
        .map(([, script]) => script ?? '')
        .filter((script) => !(script in scripts))
        .map((script) => `${path}: npm run ${script}`),
    );
    expect(missing).toEqual([]);
  });

  it('and every alert and dashboard, names metrics that exist', () => {
    const known = read('libs/runtime/src/metrics.ts');
    const places = globSync('infra/**/*.{yml,json}', { cwd: root });
    const unknown = [...places, ...documents].flatMap((path) =>
      [...read(path).matchAll(/\bsignalbox_[a-z_]+[a-z]\b/g)]
        .map(([name]) => name.replace(/_(?:bucket|sum|count)$/, ''))
        .filter((name) => !known.includes(`'${name}'`))
        .map((name) => `${path}: ${name}`),
    );
    expect([...new Set(unknown)]).toEqual([]);
  });

  /** Where tests find real servers: read by the tests alone (libs/testing). */
  const ofTests = /^SIGNALBOX_TEST_(?:KAFKA|REDIS|EVENTSTOREDB|TARGET|CHROMIUM|PICTURES)$/;

  it('names variables that exist', () => {
    const known = new Set([...read('.env.example').matchAll(/SIGNALBOX_\w+/g)].map(([name]) => name));
    const unknown = documents.flatMap((path) =>
      [...read(path).matchAll(/\bSIGNALBOX_[A-Z_]+[A-Z]\b/g)]
        .map(([name]) => name)
        .filter((name) => !ofTests.test(name))
        .filter(
          (name) => ![...known].some((real) => real === name || real === `${name}_FILE` || `${real}_FILE` === name),
        )
        .map((name) => `${path}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });
});

/** As the common renderers make them: lower case, punctuation gone, dashes for spaces. */
const anchorsOf = (path: string): ReadonlySet<string> =>
  new Set(
    [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
      (heading ?? '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );

it('what is generated is up to date', async () => {
  const node = join(root, 'node_modules', '.bin', 'node');
  const result = await run(node, ['tools/generate-docs.ts', '--check'], { cwd: root }).catch(
    (error: { stderr: string }) => error,
  );
  expect(result.stderr).toBe('');
});

it('--help and --version say what they are asked for; anything else is an error', async () => {
  const node = join(root, 'node_modules', '.bin', 'node');
  const main = (...args: string[]) => run(node, ['services/standalone/src/main.ts', ...args], { cwd: root });
  const { version } = JSON.parse(read('services/standalone/package.json')) as { version: string };
  expect((await main('--version')).stdout.trim()).toBe(version);
  expect((await main('--help')).stdout).toContain('npm start');
  await expect(main('--prot=80')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('--prot=80') });
});
