import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemChance } from '@signalbox/runtime';
import type { Caller } from './client.ts';
import { issueCredential, newTag, newTokenCaller, publishOne, sdpOf, v1 } from './client.ts';
import type { Target } from './server.ts';

/** Something that is nowhere else in the world, by what it is. */
export type Canaries = ReadonlyMap<string, string>;

const hex = (bytes: number) => Buffer.from(systemChance.bytes(bytes)).toString('hex');

/** An IPv6 address for documentation, like no other. */
const anAddress = () => `2001:db8:${hex(12).replace(/(.{4})(?=.)/g, '$1:')}`;

const candidate = (address: string) => ({
  candidate: `candidate:1 1 UDP 2122252543 ${address} 50000 typ host ufrag ${hex(4)}`,
  sdpMid: '0',
  sdpMLineIndex: 0,
});

/** Base64 of a text, wherever in a longer text it begins: without what depends on its neighbours. */
const inBase64 = (bytes: Buffer): readonly Buffer[] =>
  [0, 1, 2].map((shift) => {
    const part = bytes.subarray(shift);
    return Buffer.from(part.subarray(0, part.length - (part.length % 3)).toString('base64'));
  });

/** As it is, in capitals, in hex, in base64; and for what is hex itself, the bytes that it stands for. */
const formsOf = (text: string): readonly Buffer[] => {
  const bytes = Buffer.from(text);
  const forms = [bytes, Buffer.from(text.toUpperCase()), Buffer.from(bytes.toString('hex')), ...inBase64(bytes)];
  if (!/^([0-9a-f]{2})+$/.test(text)) return forms;
  const raw = Buffer.from(text, 'hex');
  return [...forms, raw, ...inBase64(raw)];
};

/** What of the canaries is in there, and where. */
export const canariesIn = (canaries: Canaries, places: Iterable<readonly [where: string, bytes: Buffer]>): string[] => {
  const found: string[] = [];
  const all = [...canaries].map(([what, text]) => [what, formsOf(text)] as const);
  for (const [where, bytes] of places) {
    for (const [what, forms] of all) if (forms.some((form) => bytes.includes(form))) found.push(`${what} in ${where}`);
  }
  return found;
};

/** Every file below a directory, with its bytes. */
export const filesIn = (directory: string): readonly (readonly [string, Buffer])[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path, readFileSync(path)] as const);

/**
 * A whole call with a canary in everything that is private: both descriptions, host addresses and mDNS names of both
 * parties and of one who only tried, and the secret of the offerer. Tags, names and ids are what a session is found by:
 * they are in the index and in answers, and a tag holds nothing private.
 */
export const callWithCanaries = async (target: Target) => {
  const issued = await issueCredential(target);
  const alice: Caller = { identity: issued.name, headersFor: () => ({ authorization: `Bearer ${issued.token}` }) };
  const [bob, carol] = [await newTokenCaller(target), await newTokenCaller(target)];
  const canaries = new Map<string, string>();
  const plant = (what: string, text: string) => {
    canaries.set(what, text);
    return text;
  };
  plant('the secret', issued.secret);
  const tag = newTag();
  const id = await publishOne(v1(target, alice), tag, sdpOf(plant('the offer', hex(16))));
  const done = async (answer: Promise<{ readonly status: number; readonly text: string }>) => {
    const { status, text } = await answer;
    if (status >= 300) throw new Error(`Refused: ${status} ${text}`);
  };
  await done(v1(target, alice).trickle(id, [candidate(plant('an early address', anAddress()))]));
  await done(v1(target, carol).trickle(id, [candidate(plant('a held address', anAddress()))]));
  await done(
    v1(target, bob).trickle(id, [candidate(plant('an mDNS name of the answerer', `${systemChance.uuid()}.local`))]),
  );
  await done(v1(target, bob).answer(id, { sdp: sdpOf(plant('the answer', hex(16))) }));
  await done(v1(target, alice).trickle(id, [candidate(plant('an mDNS name', `${systemChance.uuid()}.local`))]));
  await done(v1(target, bob).trickle(id, [candidate(plant('an address', anAddress()))]));
  return { id, tag, alice, bob, carol, canaries };
};

export type CanaryCall = Awaited<ReturnType<typeof callWithCanaries>>;

/** Everything that the API tells the three of their call, and anyone who discovers. */
export const whatIsTold = async (target: Target, { id, tag, alice, bob, carol }: CanaryCall): Promise<string> => {
  const answers: string[] = [];
  for (const by of [alice, bob, carol]) {
    const client = v1(target, by);
    for (const path of [`/v1/sessions/${id}`, `/v1/sessions/${id}/candidates`, `/v1/sessions?tag=${tag}`, '/v1/feed']) {
      answers.push((await client.get(path)).text);
    }
  }
  return answers.join('\n');
};
