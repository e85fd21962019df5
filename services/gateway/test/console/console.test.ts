import { describe, expect, it } from 'vitest';
import { createRig } from '../rig.ts';

const policyOf = (header: unknown) =>
  Object.fromEntries(
    String(header)
      .split('; ')
      .map((part) => [part.split(' ', 1)[0] ?? '', part.split(' ').slice(1).join(' ')]),
  );

describe('the console', () => {
  it('is a page for anybody that holds nothing and lets nothing in', async () => {
    const { app } = await createRig();
    for (const url of ['/console', '/console/']) {
      const { statusCode, headers, body } = await app.inject({ method: 'GET', url });
      expect(statusCode).toBe(200);
      expect(headers).toMatchObject({
        ...{ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache', etag: expect.any(String) },
        ...{ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' },
      });
      expect(policyOf(headers['content-security-policy'])).toMatchObject({
        ...{ 'default-src': "'none'", 'script-src': "'self'", 'style-src': "'self'", 'connect-src': "'self'" },
        ...{ 'img-src': "'self' data:", 'base-uri': "'none'", 'form-action': "'none'", 'frame-ancestors': "'none'" },
      });
      expect(body).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|https?:/i);
    }
  });

  it('serves every file that its files ask for, from here', async () => {
    const { app } = await createRig();
    const seen = new Map<string, string>();
    const fetchAll = async (path: string): Promise<void> => {
      if (seen.has(path)) return;
      const { statusCode, headers, body } = await app.inject({ method: 'GET', url: path });
      expect([path, statusCode]).toEqual([path, 200]);
      expect(headers['x-content-type-options']).toBe('nosniff');
      seen.set(path, String(headers['content-type']));
      const asked = [
        ...body.matchAll(/(?:src|href)="([^"#]+)"/g),
        ...(path.endsWith('.js') ? body.matchAll(/^(?:import|export)\b[^;'"]*\bfrom\s*["']([^"']+)["']/gm) : []),
      ];
      for (const [, reference = ''] of asked) {
        expect(reference, `${path} asks for it`).toMatch(/^(?:\.\/|\/console\/assets\/)[\w./-]+\.(?:js|css|svg)$/);
        await fetchAll(new URL(reference, `http://here${path}`).pathname);
      }
    };
    await fetchAll('/console');
    const typeOf = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml' };
    for (const [path, type] of [...seen].slice(1)) {
      expect(type).toBe(typeOf[path.split('.').at(-1) as keyof typeof typeOf]);
    }
    expect([...seen.keys()]).toContain('/console/assets/vendor/preact-hooks.js');
    expect([...seen.keys()]).toContain('/console/assets/ladder.js');
  });

  it('is not sent again when the browser has it', async () => {
    const { app } = await createRig();
    const url = '/console/assets/main.js';
    const first = await app.inject({ method: 'GET', url });
    const etag = String(first.headers.etag);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await app.inject({ method: 'GET', url, headers: { 'if-none-match': known } });
      expect([again.statusCode, again.body]).toEqual([304, '']);
    }
    expect((await app.inject({ method: 'GET', url, headers: { 'if-none-match': '"x"' } })).statusCode).toBe(200);
  });

  it('serves nothing else', async () => {
    const { app } = await createRig();
    for (const path of [
      '',
      'page.html',
      'shapes.ts',
      'tsconfig.json',
      '../assets.ts',
      '..%2fassets.ts',
      'vendor/',
      'x',
    ]) {
      expect((await app.inject({ method: 'GET', url: `/console/assets/${path}` })).statusCode, path).toBe(404);
    }
  });
});
