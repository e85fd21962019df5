import { catalogue, type ErrorCode, errorCodes } from '@signalbox/contracts';
import { z } from 'zod';
import { ProblemError } from './problem.ts';
import type { App } from './request.ts';

const STYLE = `body{font:1rem/1.6 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
code{font-family:ui-monospace,monospace;background:#eee;padding:.1em .3em;border-radius:.2em}
@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#161616}code{background:#2b2b2b}a{color:#8ab4f8}}`;

const CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For texts and for quoted attributes of a page. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

const withCode = (text: string): string => escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>');

const page = (title: string, content: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body>${content}</body></html>
`;

const problemPage = (code: ErrorCode): string => {
  const { status, title, help } = catalogue[code];
  return page(
    `${code}: ${title}`,
    `<h1>${escapeHtml(title)}</h1><p>Code <code>${code}</code>, status ${status}.</p><p>${withCode(help)}</p><p><a href="/problems">All codes</a></p>`,
  );
};

const listPage = (): string => {
  const items = errorCodes.map(
    (code) => `<li><a href="/problems/${code}"><code>${code}</code></a> ${escapeHtml(catalogue[code].title)}</li>`,
  );
  return page('Problems', `<h1>Problems</h1><ul>${items.join('')}</ul>`);
};

/** The pages that the `type` of a problem points at, made from the catalogue. */
export const addProblemPages = (app: App): void => {
  const pages = new Map<string, string>(errorCodes.map((code) => [code, problemPage(code)]));
  const list = listPage();
  const config = { access: 'public', rate: 'operations' } as const;
  const html = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': CSP,
    'cache-control': 'public, max-age=3600',
  };

  app.get('/problems', { config, schema: { hide: true } }, (_request, reply) => reply.headers(html).send(list));

  app.get(
    '/problems/:code',
    { config, schema: { hide: true, params: z.object({ code: z.string() }) } },
    (request, reply) => {
      const found = pages.get(request.params.code);
      if (found === undefined) throw new ProblemError('NOT_FOUND');
      return reply.headers(html).send(found);
    },
  );
};
