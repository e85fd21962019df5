import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  anonymous,
  type Caller,
  ed25519Caller,
  hmacCaller,
  issueCredential,
  newTag,
  newTokenCaller,
  type Problem,
  prepare,
  type Request,
  sdpOf,
  send,
  transmit,
} from '../support/client.ts';
import { waysToSpeak } from '../support/peers.ts';
import { type Server, startServer, type Target, temporaryDirectory } from '../support/server.ts';

/** DER, as far as a certificate needs it: a tag, the length, and what is in it. */
const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  const length = content.length < 128 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
};
const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));

/** A key that lives as long as this test, and a certificate for 127.0.0.1 that it has signed for itself. */
const selfSigned = () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));
  const name = sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from('signalbox test')))));
  const validity = sequence(der(0x18, Buffer.from('20200101000000Z')), der(0x18, Buffer.from('29991231235959Z')));
  const loopback = sequence(der(0x87, Buffer.from([127, 0, 0, 1])));
  const alternativeNames = sequence(oid('551d11'), der(0x04, loopback));
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ...[ecdsaWithSha256, name, validity, name],
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(alternativeNames)),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', toBeSigned, privateKey));
  const certificate = new X509Certificate(sequence(toBeSigned, ecdsaWithSha256, signature));
  return { certificate: certificate.toString(), key: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
};

const publishing = (tag: string): Request => ({
  method: 'POST',
  path: '/v1/sessions',
  body: { tags: [tag], offers: [{ sdp: sdpOf('tls') }] },
});

type Responses = { readonly responses: readonly { readonly status: number; readonly body?: unknown }[] };

/** One request of a batch, signed for an address as it would be alone. */
const itemFor = (target: Target, by: Caller, wanted: Request) => {
  const { method, headers, body } = prepare(target, by, wanted);
  return { method, path: wanted.path, headers, ...(body && { body: body.toString('utf8') }) };
};

describe('a server with a certificate of its own', () => {
  let server: Server;
  let target: Target;
  beforeAll(async () => {
    const { certificate, key } = selfSigned();
    const directory = temporaryDirectory();
    const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
    writeFileSync(certFile, certificate);
    writeFileSync(keyFile, key, { mode: 0o600 });
    server = await startServer({ env: { SIGNALBOX_TLS_CERT_FILE: certFile, SIGNALBOX_TLS_KEY_FILE: keyFile } });
    // This client believes that certificate and no other.
    target = { url: server.url, dispatcher: new Agent({ connect: { ca: certificate } }) };
  });
  afterAll(async () => {
    await target?.dispatcher.destroy();
    await server?.[Symbol.asyncDispose]();
  });

  it('listens on https, and shows the certificate', async () => {
    expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect((await send(target, anonymous, { method: 'GET', path: '/ready' })).status).toBe(200);
    const doubting = new Agent();
    await expect(request(`${server.url}/ready`, { dispatcher: doubting })).rejects.toMatchObject({
      code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO_VERIFY/),
    });
    await doubting.destroy();
    const plain = new Agent();
    const url = server.url.replace('https:', 'http:');
    await expect(request(`${url}/ready`, { dispatcher: plain }), 'and nothing else').rejects.toThrow();
    await plain.destroy();
  });

  it.each(Object.keys(waysToSpeak))('carries a whole handshake: %s', async (way) => {
    const [alice, bob] = [await waysToSpeak[way]!(target), await waysToSpeak[way]!(target)];
    const [tag, offer, answer] = [newTag(), sdpOf('offer'), sdpOf('answer')];
    const id = await alice.publish(tag, offer);
    expect(await bob.discover(tag)).toEqual(new Map([[offer, id]]));
    await bob.answer(id, answer, [tag]);
    expect(await alice.answerTo(id)).toEqual({ answerer: bob.identity, sdp: answer });
    await alice.trickle(id, [{ candidate: 'a' }]);
    await bob.trickle(id, [{ candidate: 'b' }]);
    expect([await bob.candidates(id), await alice.candidates(id)]).toEqual([
      [{ candidate: 'a' }],
      [{ candidate: 'b' }],
    ]);
  });

  it('checks signatures against its https address, not another scheme', async () => {
    const plain: Target = { ...target, url: target.url.replace('https:', 'http:') };
    const prepared = prepare(plain, ed25519Caller(), publishing(newTag()));
    const refused = await transmit<Problem>(target, { ...prepared, url: `${target.url}/v1/sessions` });
    expect([refused.status, refused.body.code]).toEqual([401, 'INVALID_CREDENTIALS']);
  });

  it('checks the signatures inside a batch against its https address, too', async () => {
    const { name, secret } = await issueCredential(target);
    const requests = [
      itemFor(target, ed25519Caller(), publishing(newTag())),
      itemFor(target, hmacCaller(name, secret), publishing(newTag())),
      itemFor(target, ed25519Caller(), { method: 'GET', path: '/v1/feed' }),
      itemFor({ ...target, url: target.url.replace('https:', 'http:') }, ed25519Caller(), publishing(newTag())),
    ];
    const answer = await send<Responses>(target, anonymous, { method: 'POST', path: '/v1/batch', body: { requests } });
    expect(answer.status).toBe(200);
    expect(answer.body.responses.map(({ status }) => status)).toEqual([201, 201, 200, 401]);
  });
});

describe('a server behind a proxy that speaks https for it', () => {
  const PUBLIC = 'https://signal.example';
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'signal.example' };

  /** Signed for one address, sent to another with these headers: what a proxy does. */
  const through = async <T>(server: Server, by: Caller, wanted: Request, signedFor: string, headers: object) => {
    const prepared = prepare({ url: signedFor, dispatcher: server.dispatcher }, by, wanted);
    const sent = { ...prepared.headers, ...headers, 'x-forwarded-for': '203.0.113.5' };
    return transmit<T>(server, { ...prepared, url: server.url + wanted.path, headers: sent });
  };

  it('that it trusts checks signatures against the public address, and no other', async () => {
    await using server = await startServer({ env: { SIGNALBOX_TRUSTED_PROXIES: 'loopback' } });
    const publish = (signedFor: string, headers: object) =>
      through<Problem>(server, ed25519Caller(), publishing(newTag()), signedFor, headers);
    expect((await publish(PUBLIC, forwarded)).status).toBe(201);
    expect((await publish(server.url, {})).status, 'when the proxy says nothing').toBe(201);
    for (const [signedFor, headers] of [
      [server.url, forwarded],
      [PUBLIC, { ...forwarded, 'x-forwarded-proto': 'http' }],
      [PUBLIC, { ...forwarded, 'x-forwarded-host': 'other.example' }],
      [PUBLIC, {}],
    ] as const) {
      const refused = await publish(signedFor, headers);
      expect([refused.status, refused.body.code], JSON.stringify([signedFor, headers])).toEqual([
        ...[401, 'INVALID_CREDENTIALS'],
      ]);
    }
  });

  it('that it trusts checks so inside a batch, too, whatever a request of it claims', async () => {
    await using server = await startServer({ env: { SIGNALBOX_TRUSTED_PROXIES: 'loopback' } });
    const target: Target = { url: PUBLIC, dispatcher: server.dispatcher };
    const other: Target = { ...target, url: 'https://other.example' };
    const claiming = itemFor(other, ed25519Caller(), publishing(newTag()));
    const requests = [
      itemFor(target, ed25519Caller(), publishing(newTag())),
      { ...claiming, headers: { ...claiming.headers, 'x-forwarded-host': 'other.example', host: 'other.example' } },
    ];
    const batch: Request = { method: 'POST', path: '/v1/batch', body: { requests } };
    const answer = await through<Responses>(server, anonymous, batch, PUBLIC, forwarded);
    expect(answer.body.responses.map(({ status }) => status)).toEqual([201, 401]);
  });

  it('that it does not trust believes none of its headers', async () => {
    await using server = await startServer();
    const publish = (signedFor: string) =>
      through<Problem>(server, ed25519Caller(), publishing(newTag()), signedFor, forwarded);
    const refused = await publish(PUBLIC);
    expect([refused.status, refused.body.code]).toEqual([401, 'INVALID_CREDENTIALS']);
    expect((await publish(server.url)).status).toBe(201);
  });

  it('checks against the address that is configured, whatever anyone says', async () => {
    await using server = await startServer({ env: { SIGNALBOX_PUBLIC_URL: PUBLIC } });
    const publish = (signedFor: string, headers: object) =>
      through<Problem>(server, ed25519Caller(), publishing(newTag()), signedFor, headers);
    expect((await publish(PUBLIC, {})).status).toBe(201);
    expect((await publish(PUBLIC, { 'x-forwarded-host': 'other.example' })).status).toBe(201);
    expect((await publish(server.url, {})).status).toBe(401);
    expect((await send(server, await newTokenCaller(server), { method: 'GET', path: '/v1/feed' })).status).toBe(200);
  });
});
