/** Reads TypeScript far enough to tell code from comments and strings, and to find what is imported. */

export type Import = {
  /** As written: `./x.ts`, `node:fs`, `@signalbox/domain`, `zod/v4`. */
  readonly specifier: string;
  /** `import type` and `export type`: gone when the program runs. */
  readonly typeOnly: boolean;
  readonly line: number;
};

/** Something that code must not have, and what to do about it. */
export type Ban = { readonly what: RegExp; readonly instead: string };

export type Source = {
  readonly imports: readonly Import[];
  /** The source with comments, regular expressions and what is between quotes blanked; the same length and lines. */
  readonly code: string;
};

const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//;
const QUOTED = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/;
const TEMPLATE = /`(?:\\[\s\S]|[^`\\])*`/;
const REGEX = /(?<=(?:^|[(,=:[!&|?{};+]|=>|\breturn)\s*)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/\w*/;
/** Code between `${` and `}`, which stays, or a character of text. */
const IN_TEMPLATE = /\$\{[^}]*\}|[^\n]/g;
const TOKEN = new RegExp([COMMENT, QUOTED, TEMPLATE, REGEX].map(({ source }) => `(${source})`).join('|'), 'gm');

/** Specifiers are blank in `code`, so prose that looks like an import is not taken for one. */
const IMPORT = [
  /\b(?:import|export)\s+(type\s+)?(?:[\w$*{][\w\s$*{},]*?)\s*from\s*(?=['"])/g,
  /\bimport()\s*(?=['"])/g,
  /(\btypeof\s+)?\bimport\s*\(\s*(?=['"])/g,
  /\b()(?:require(?:\.resolve)?|import\.meta\.resolve)\s*\(\s*(?=['"])/g,
];

const blank = (token: string) => token.replaceAll(/[^\n]/g, ' ');

const lineOf = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

export const readSource = (text: string): Source => {
  const code = text.replace(TOKEN, (token: string, comment?: string, quoted?: string, template?: string) => {
    if (comment !== undefined) return blank(token);
    if (template !== undefined) return token.replaceAll(IN_TEMPLATE, (part) => (part.length > 1 ? part : ' '));
    const end = quoted === undefined ? '/' : (token[0] ?? '');
    return end + blank(token.slice(1, -1)) + end;
  });
  const imports = IMPORT.flatMap((pattern) =>
    [...code.matchAll(pattern)].map((found): Import => {
      const start = found.index + found[0].length;
      const end = text.indexOf(text[start] ?? '', start + 1);
      return { specifier: text.slice(start + 1, end), typeOnly: Boolean(found[1]), line: lineOf(text, found.index) };
    }),
  );
  return { imports: imports.toSorted((a, b) => a.line - b.line), code };
};

/** One message for each place of the text that holds something banned. */
export const placesWith = (bans: readonly Ban[], text: string, path: string): string[] =>
  bans.flatMap(({ what, instead }) =>
    [...text.matchAll(what)].map((found) => `${path}:${lineOf(text, found.index)} has ${found[0]}: ${instead}`),
  );
