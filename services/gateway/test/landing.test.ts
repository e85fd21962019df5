import { describe, expect, it } from 'vitest';
import { landingPage } from '../src/landing-page.ts';
import { createRig } from './rig.ts';

const facts = { address: 'https://signal.example', version: '1.2.3', healthy: true, sessions: 2 };
const evil = `http://x"'><script>alert(1)</script>&amp`;
const harmless = 'http://x&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp';

describe('the landing page', () => {
  it('says what this is, how it is, and where to go', () => {
    const page = landingPage(facts);
    for (const text of [
      ...['<title>Signalbox</title>', 'Healthy · 2 live sessions', 'href="/docs"', 'href="/openapi.json"'],
      ...['href="/console"', 'href="/health"', 'Version 1.2.3', 'curl -X POST https://signal.example/v1/credentials'],
    ]) {
      expect(page).toContain(text);
    }
    expect(page).not.toContain('Not healthy');
    expect(landingPage({ ...facts, healthy: false, sessions: 1 })).toContain('Not healthy · 1 live session<');
  });

  it('escapes the address, which the browser wrote', () => {
    const page = landingPage({ ...facts, address: evil });
    expect(page).toContain(`curl -X POST ${harmless}/v1/credentials`);
    expect(page).not.toContain('<script');
  });

  it('needs nothing from elsewhere, and no script', () => {
    const page = landingPage(facts);
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(|\son\w+=/i);
  });

  it('is served with the address that the client used, escaped, and lets no script run', async () => {
    const { app } = await createRig({ liveSessions: async () => 3 });
    const host = `x"'><script>alert(1)</script>&amp`;
    const answer = await app.inject({ method: 'GET', url: '/', headers: { host } });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(answer.headers['content-security-policy']).not.toContain('script-src');
    expect(answer.body).not.toContain('<script');
    expect(answer.body).toContain('Healthy · 3 live sessions');
  });

  it('is served with the public address where one is set', async () => {
    const { app } = await createRig({ publicUrl: 'https://signal.example', healthy: async () => false });
    const answer = await app.inject({ method: 'GET', url: '/', headers: { host: 'other.example' } });
    expect(answer.body).toContain('curl -X POST https://signal.example/v1/credentials');
    expect(answer.body).not.toContain('other.example');
    expect(answer.body).toContain('Not healthy');
  });

  it('is JSON for a client that asks for nothing else', async () => {
    const { app } = await createRig({ liveSessions: async () => 3 });
    const answer = await app.inject({ method: 'GET', url: '/', headers: { accept: 'application/json' } });
    expect(answer.json()).toStrictEqual({
      ...{ version: '1.2.3', name: 'Rondevu', description: expect.any(String), server: 'Signalbox' },
      stats: { offers: 3 },
    });
    const browser = { accept: 'text/html,application/json;q=0.9' };
    expect((await app.inject({ method: 'GET', url: '/', headers: browser })).body).toContain('<!doctype html>');
  });
});
