import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  anonymous,
  bearer,
  candidateOf,
  hmacCaller,
  issueCredential,
  newKey,
  newTag,
  prepare,
  sdpOf,
  send,
  transmit,
  v1,
} from '../support/client.ts';
import { edCaller, htCaller, newCredential, rpcSend } from '../support/rondevu.ts';
import { startServer } from '../support/server.ts';

/** Every file below a directory, with its bytes. */
const filesIn = (directory: string): readonly (readonly [string, Buffer])[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path, readFileSync(path)] as const);

describe('what a server writes to its logs', () => {
  it('holds nothing private, even at the level trace, through whole handshakes and every kind of refusal', async () => {
    await using server = await startServer({ env: { SIGNALBOX_LOG_LEVEL: 'trace' } });
    const planted = new Map<string, string>();
    const plant = (what: string, text: string) => {
      planted.set(text, what);
      return text;
    };

    const { name, secret, token } = await issueCredential(server);
    plant('the secret of a credential', secret);
    plant('a token', token);
    const second = await newCredential(server);
    plant('the secret of a Rondevu credential', second.secret);
    const [alice, bob] = [hmacCaller(name, secret), bearer(name, token)];
    const key = newKey();

    const [offer, answer] = [sdpOf('planted-in-an-offer'), sdpOf('planted-in-an-answer')];
    plant('an offer', 'planted-in-an-offer');
    plant('an answer', 'planted-in-an-answer');
    plant('the address in an SDP', '192.0.2.77');
    plant('the address in a candidate', '198.51.100.7');
    plant('a candidate', 'ufrag planted');

    const tag = newTag();
    const signed = prepare(server, alice, {
      ...{ method: 'POST', path: '/v1/sessions', body: { tags: [tag], offers: [{ sdp: offer }] } },
      headers: { 'x-forwarded-for': plant('a forwarded address', '203.0.113.99'), 'idempotency-key': 'k-1' },
    });
    plant('a signature', /:([^:]+):/.exec(signed.headers.signature ?? '')?.[1] ?? '');
    plant('a nonce', /nonce="([^"]+)"/.exec(signed.headers['signature-input'] ?? '')?.[1] ?? '');
    const published = await transmit<{ sessions: { sessionId: string }[] }>(server, signed);
    expect(published.status).toBe(201);
    await transmit(server, signed); // a replay
    const id = published.body.sessions[0]!.sessionId;

    const byKey = edCaller(key);
    const call = byKey.signed('answerOffer', { offerId: id, sdp: answer });
    const { auth } = call.items[0] as { auth: { signature: string; nonce: string } };
    plant('the signature of a call', auth.signature);
    plant('the nonce of a call', auth.nonce);
    expect((await rpcSend(server, call)).results[0]).toMatchObject({ success: true });
    expect((await rpcSend(server, call)).results[0]).toMatchObject({ success: false });
    const candidates = [candidateOf('planted', 1)];
    await rpcSend(server, byKey.signed('addIceCandidates', { offerId: id, candidates }));
    await v1(server, alice).trickle(id, candidates);
    const byHeaders = htCaller(second).signed('poll', {});
    plant('the signature in headers', byHeaders.headers['x-signature'] ?? '');
    await rpcSend(server, byHeaders);
    await v1(server, bob).feed();
    await v1(server, alice).get(`/v1/sessions/${id}/candidates`);

    // What goes wrong is where things slip out.
    const unparsable = Buffer.from(`{"sdp":"${plant('a body that is not JSON', 'planted-in-garbage')}`);
    await send(server, bob, { method: 'POST', path: '/v1/sessions', bytes: unparsable });
    await send(server, bob, { method: 'POST', path: '/v1/sessions', body: { tags: ['A'], offers: [{ sdp: offer }] } });
    await send(server, bob, { method: 'GET', path: `/v1/tags?tag=${plant('a query', 'planted-in-a-query')}&x=1` });
    await send(server, bearer('x', plant('a wrong token', 'plantedtoken.plantedtoken.plantedtoken')), {
      ...{ method: 'GET', path: '/v1/feed' },
    });
    await send(server, anonymous, { method: 'GET', path: `/v1/%E0%A4%A${plant('a bad path', 'planted-in-a-path')}` });
    await send(server, alice, { method: 'POST', path: `/v1/credentials/${name}/rotations` });
    await v1(server, alice).withdraw(id);
    await send(server, anonymous, { method: 'GET', path: '/health' });
    expect((await server.stop()).code).toBe(0);

    const output = server.output();
    expect(output.split('\n').length, 'it did say something').toBeGreaterThan(20);
    for (const [text, what] of planted) {
      expect(text, what).not.toBe('');
      const at = output.indexOf(text);
      expect(at === -1 ? null : `${what}: …${output.slice(Math.max(0, at - 200), at + 60)}…`).toBeNull();
    }
    const lines = output.split('\n').filter((line) => line.includes('127.0.0.1'));
    const whereItListens = /listening (?:on|at) |curl |http:\/\/127\.0\.0\.1:\d+/;
    expect(
      lines.filter((line) => !whereItListens.test(line)),
      'the address of a client',
    ).toEqual([]);
    for (const line of lines.filter((l) => l.startsWith('{'))) {
      expect(JSON.parse(line).msg, 'only where it listens').toMatch(/listening/i);
    }
  });
});

describe('what a server writes to its disk', () => {
  it('holds no secret of a credential in the clear, in any form', async () => {
    await using server = await startServer();
    const secrets: string[] = [];
    for (let i = 0; i < 3; i++) {
      const headers = { 'idempotency-key': `issue-${i}` };
      const issued = await send<{ name: string; secret: string; token: string }>(server, anonymous, {
        ...{ method: 'POST', path: '/v1/credentials', headers },
      });
      const { name, secret } = issued.body;
      const rotated = await send<{ secret: string }>(server, hmacCaller(name, secret), {
        ...{ method: 'POST', path: `/v1/credentials/${name}/rotations`, headers: { 'idempotency-key': `rotate-${i}` } },
      });
      secrets.push(secret, rotated.body.secret, (await newCredential(server)).secret);
    }
    const scan = () => {
      const files = filesIn(server.dataDir);
      expect(files.map(([path]) => path).filter((path) => path.includes('signalbox.db')).length).toBeGreaterThan(0);
      for (const secret of secrets) {
        expect(secret).toMatch(/^[0-9a-f]{64}$/);
        const raw = Buffer.from(secret, 'hex');
        const forms = [
          ...[raw, Buffer.from(secret), Buffer.from(secret.toUpperCase())],
          ...[Buffer.from(raw.toString('base64').replace(/=+$/, '')), Buffer.from(raw.toString('base64url'))],
          // The base64 of the hex text, wherever in a longer text it begins.
          ...[0, 1, 2].map((shift) => Buffer.from(Buffer.from(secret.slice(shift, shift + 60)).toString('base64'))),
        ];
        for (const [path, bytes] of files) {
          for (const form of forms) expect(bytes.indexOf(form), `${path} holds a secret`).toBe(-1);
        }
      }
      return files.reduce((sum, [, bytes]) => sum + bytes.length, 0);
    };
    expect(scan()).toBeGreaterThan(10_000);
    await server.kill9();
    scan();
    await using next = await server.again();
    await next.stop();
    scan();
  });

  it('is readable by its owner alone', async () => {
    await using server = await startServer();
    await issueCredential(server);
    const { statSync } = await import('node:fs');
    for (const [path] of filesIn(server.dataDir)) {
      expect((statSync(path).mode & 0o077).toString(8), path).toBe('0');
    }
  });
});
