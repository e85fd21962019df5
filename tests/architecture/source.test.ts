import { describe, expect, it } from 'vitest';
import { handedIn, machinePath, unfinishedTests } from './rules.ts';
import { type Ban, placesWith, readSource } from './source.ts';

describe('the reader of sources', () => {
  it('finds every way of importing, and no import in comments and strings', () => {
    const { imports } = readSource(
      [
        "import a from 'a';",
        'import { b,',
        "  type B } from 'b/sub';",
        "import type { C } from '@c/c';",
        "export * from './d.ts';",
        "export type { E } from 'e';",
        "import 'f';",
        "const g = await import('g');",
        "type H = typeof import('h');",
        "const i = require('i');",
        "// import j from 'j';",
        "/* import k from 'k'; */",
        `const l = "import l from 'l'";`,
        "export const m = 'm';",
        "const url = 'https://x'; import n from 'n';",
        `const quote = text.match(/['"]/); import o from "o";`,
      ].join('\n'),
    );
    const found = imports.map(({ specifier, typeOnly, line }) => `${line} ${specifier}${typeOnly ? ' (type)' : ''}`);
    expect(found).toEqual([
      '1 a',
      '2 b/sub',
      '4 @c/c (type)',
      '5 ./d.ts',
      '6 e (type)',
      '7 f',
      '8 g',
      '9 h (type)',
      '10 i',
      '15 n',
      '16 o',
    ]);
  });

  it('sees what is banned in code, and not in prose', () => {
    const has = (bans: readonly Ban[], text: string) => placesWith(bans, readSource(text).code, 'x.ts').length > 0;
    const banned = [
      ...['Date.now()', 'new Date()', 'Date()', 'performance.now()', 'AbortSignal.timeout(1)', 'process.hrtime()'],
      ...['setTimeout(f)', 'globalThis.setTimeout(f)', 'const f = setImmediate;', 'f(setInterval)'],
      ...['`$' + '{Math.random()}`', 'crypto.randomUUID()', 'randomBytes(1)', 'generateKeyPairSync(x)'],
    ];
    const allowed = [
      ...['new Date(at)', 'clock.now()', 'socket.setTimeout(1)', 'isDate(x)', 'entry.randomBytesOf(1)'],
      ...['// Date.now()', "'Math.random'", '`setTimeout`', '/* new Date() */ x'],
    ];
    expect(banned.filter((text) => !has(handedIn, text))).toEqual([]);
    expect(allowed.filter((text) => has(handedIn, text))).toEqual([]);
  });

  it('sees tests that are left out, and lets pass those that a machine cannot run', () => {
    const leftOut = ['it.only(', 'describe.skip(', 'it.concurrent.skip(', 'it.todo(', 'test.only.each('];
    const fine = ['describe.skipIf(x)(', 'it.runIf(x)(', 'it.each(', 'page.skip(', "'it.only('"];
    const has = (text: string) => placesWith(unfinishedTests, readSource(text).code, 'x.ts').length > 0;
    expect(leftOut.filter((text) => !has(text))).toEqual([]);
    expect(fine.filter(has)).toEqual([]);
  });

  it('knows the path of a machine when it sees one', () => {
    const found = (text: string) => text.match(machinePath) !== null;
    const machine = ['work', 'root', 'Users', 'home'].map((name) => `see /${name}/someone`);
    expect(machine.filter((text) => !found(text))).toEqual([]);
    expect(['libs/work/x', './root/x', 'https://x.org/home/x', '/home/node/app', '/v1/sessions'].filter(found)).toEqual(
      [],
    );
  });
});
