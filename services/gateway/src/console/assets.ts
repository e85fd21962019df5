import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';

export type Asset = { readonly body: Buffer; readonly type: string; readonly etag: string };

/** `index.html` is the page; the others go by their paths under `/console/assets/`. */
export type Assets = { readonly page: Asset; readonly files: ReadonlyMap<string, Asset> };

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.html': 'text/html; charset=utf-8',
};

/** Packages that run in the browser, each a single module, and where the page finds them. */
const VENDORS: readonly (readonly [specifier: string, path: string, module: string])[] = [
  ['preact', 'vendor/preact.js', import.meta.resolve('preact')],
  ['preact/hooks', 'vendor/preact-hooks.js', import.meta.resolve('preact/hooks')],
];

const IMPORTED = /(\bfrom\s*)(['"])(preact(?:\/hooks)?)\2/g;
const SOURCE_MAP = /^\/\/# sourceMappingURL=.*$/gm;

/** Browsers know no bare specifiers, and a map of them would be an inline script: paths take their place. */
const forBrowsers = (module: string): string =>
  module
    .replace(IMPORTED, (_, from: string, quote: string, specifier: string) => {
      const path = VENDORS.find(([name]) => name === specifier)?.[1];
      return `${from}${quote}/console/assets/${path}${quote}`;
    })
    .replace(SOURCE_MAP, '');

const asset = (name: string, text: string): Asset => {
  const body = Buffer.from(text);
  const type = TYPES[extname(name)] ?? 'application/octet-stream';
  return { body, type, etag: `"${createHash('sha256').update(body).digest('base64url')}"` };
};

/** Reads all that the page is made of, once: what is served afterwards never touches the disk. */
export const readAssets = (): Assets => {
  const folder = new URL('web/', import.meta.url);
  const read = (name: string) => readFileSync(new URL(name, folder), 'utf8');
  const own = readdirSync(folder).filter((name) => ['.js', '.css', '.svg'].includes(extname(name)));
  return {
    page: asset('page.html', read('page.html')),
    files: new Map([
      ...own.map((name) => [name, asset(name, name.endsWith('.js') ? forBrowsers(read(name)) : read(name))] as const),
      ...VENDORS.map(
        ([, path, module]) => [path, asset(path, forBrowsers(readFileSync(new URL(module), 'utf8')))] as const,
      ),
    ]),
  };
};
