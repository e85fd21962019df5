#!/usr/bin/env node
import { createHash, createPublicKey, verify as verifySignature } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

/** A second verifier, which shares no code with Signalbox: see README.md. */
const USAGE = `Usage: node verify.mjs FILE [--key KEY[,KEY]] [--checkpoint NOTE_FILE] [--json]

  FILE   an export of the log (signalbox export), or the proof of a session (signalbox proof)

Ends with 0 when it is intact, 1 when it was changed, 2 when it was called wrongly.
`;

const sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const same = (a, b) => (a === null || b === null ? a === b : Buffer.compare(a, b) === 0);
const bytesOf = (text) => (text === null || text === undefined ? null : Buffer.from(text, 'base64'));
const node = (left, right) => sha256(Buffer.from([1]), left, right);

const eventHash = (event) => {
  const { metadata: m } = event;
  const a = m.authorisation;
  const previous = bytesOf(event.previousHash);
  return sha256(
    JSON.stringify([
      'signalbox/event/v1',
      ...[event.stream, event.revision, event.id, event.type, event.schemaVersion, event.keyId],
      ...[m.actor, m.correlationId, m.causationId, m.trace],
      a && [a.scheme, a.key, a.algorithm, a.nonce, a.timestamp, a.signature, a.signedTextHash],
      sha256(bytesOf(event.data)).toString('hex'),
      previous?.toString('hex'),
    ]),
  );
};

const leafHash = ({ position, recordedAt }, hash) =>
  sha256('\0', JSON.stringify(['signalbox/leaf/v1', position, recordedAt, hash.toString('hex')]));

/** A tree that grows, as a stack of perfect subtrees: [number of leaves, hash]. */
const createTree = () => {
  const stack = [];
  return {
    add: (leaf) => {
      stack.push([1, leaf]);
      while (stack.length > 1 && stack.at(-1)[0] === stack.at(-2)[0]) {
        const [count, right] = stack.pop();
        const [, left] = stack.pop();
        stack.push([2 * count, node(left, right)]);
      }
    },
    root: () => stack.map(([, hash]) => hash).reduceRight((right, left) => node(left, right)),
  };
};

/** Where an inclusion proof leads to (RFC 9162, 2.1.3.2). */
const rootByProof = (leaf, index, size, hashes) => {
  let [fn, sn, root] = [index, size - 1, leaf];
  for (const hash of hashes) {
    if (sn === 0) return null;
    if (fn % 2 === 1 || fn === sn) {
      root = node(hash, root);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
    } else root = node(root, hash);
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  return sn === 0 && index < size ? root : null;
};

const keyOf = (text) => {
  const [, name, id, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text.trim()) ?? [];
  const bytes = Buffer.from(encoded ?? '', 'base64');
  const isRight = bytes.length === 33 && bytes[0] === 1;
  if (!isRight || sha256(`${name}\n`, bytes).subarray(0, 4).toString('hex') !== id) {
    throw new Error(`This is no public key of checkpoints: ${text}`);
  }
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes.subarray(1)]);
  return { name, id, key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
};

/** The checkpoint in a note that one of the keys has signed, or any checkpoint when there are no keys; else a text. */
const checkpointIn = (note, keys) => {
  const end = typeof note === 'string' ? note.lastIndexOf('\n\n') : -1;
  if (end === -1) return 'cannot be read';
  const text = note.slice(0, end + 1);
  const [origin, size, root, ...more] = text.split('\n');
  const position = more.find((line) => line.startsWith('position '))?.slice(9);
  if (!/^\d{1,15}$/.test(size) || !/^\d{1,15}$/.test(position) || bytesOf(root)?.length !== 32) return 'cannot be read';
  const signatures = note
    .slice(end + 2)
    .split('\n')
    .map((line) => /^— (\S+) (\S+)$/.exec(line))
    .filter((line) => line !== null);
  const isSignedBy = ({ name, id, key }, by, bytes) => {
    const isItsOwn = by === name && bytes.subarray(0, 4).toString('hex') === id;
    return isItsOwn && verifySignature(null, Buffer.from(text), key, bytes.subarray(4));
  };
  const isSigned = keys.some((key) => signatures.some(([, by, encoded]) => isSignedBy(key, by, bytesOf(encoded))));
  if (keys.length > 0 && !isSigned) return 'is not signed by the key';
  return { origin, size: Number(size), root: bytesOf(root), position: Number(position) };
};

/** Null for what is no JSON. */
const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

async function* linesOf(file) {
  for await (const line of createInterface({ input: createReadStream(file) })) yield parsed(line);
}

const isCheckpoint = ({ type, stream }) => type === 'CheckpointSigned' && stream.startsWith('operations-');

const noteIn = (event) => parsed(bytesOf(event.data).toString())?.note;

const isBase64 = (text) => /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0;

const isEvent = ({ kind, stream, metadata, ...line }) =>
  kind === 'event' &&
  [line.position, line.revision, line.recordedAt].every(Number.isSafeInteger) &&
  [stream, line.data, metadata?.actor].every((one) => typeof one === 'string') &&
  [line.data, line.hash ?? '', line.previousHash ?? ''].every(isBase64);

/** Which sizes the checkpoints in the file speak of: the roots at these sizes have to be remembered. */
const sizesIn = async (file) => {
  const sizes = new Set();
  for await (const line of linesOf(file)) {
    if (!line || !isEvent(line) || !isCheckpoint(line)) continue;
    const checkpoint = checkpointIn(noteIn(line), []);
    if (typeof checkpoint === 'object') sizes.add(checkpoint.size);
  }
  return sizes;
};

const found = (position, what, upTo = position) => ({ position, upTo, what });

/** What an event tells by itself and by the one before it in its stream; null when all is well. */
const createChains = () => {
  const streams = new Map();
  let last = { position: 0, recordedAt: -Infinity };
  let before = last;
  let hashed = false;
  return (event, hash) => {
    const stream = streams.get(event.stream);
    const stored = bytesOf(event.hash);
    const judge = () => {
      if (event.position <= last.position) return found(last.position + 1, 'swapped');
      if (stored === null ? hashed : !same(stored, hash)) return found(event.position, 'hash');
      const expected = stream ? stream.revision + 1 : 0;
      if (event.revision !== expected) return found(event.position, event.revision > expected ? 'missing' : 'swapped');
      const previous = bytesOf(event.previousHash);
      if (stored !== null && !same(previous, stream?.stored ?? null)) {
        return found(stream && previous !== null ? stream.position : event.position, 'link');
      }
      if (event.recordedAt >= last.recordedAt) return null;
      const isSure = event.recordedAt < before.recordedAt;
      return isSure ? found(event.position, 'time') : found(last.position, 'time', event.position);
    };
    const outcome = judge();
    hashed ||= stored !== null;
    streams.set(event.stream, { revision: event.revision, position: event.position, stored });
    [before, last] = [last, event];
    return outcome;
  };
};

const verifyExport = async (file, keys, kept) => {
  const wanted = await sizesIn(file);
  for (const { size } of kept) wanted.add(size);
  const [check, tree, roots] = [createChains(), createTree(), new Map()];
  let [size, last, gap, proven, provenSize] = [0, 0, null, 0, 0];
  let [origin, head, ended, isGapless] = ['', 0, false, true];
  let [suspicion, range] = [null, null];
  const isInGap = ({ position, upTo }) => gap !== null && (gap < position || (upTo > position && gap <= upTo));
  const first = (difference) => (isInGap(difference) ? found(gap, 'missing') : difference);
  const done = (difference) => ({ difference, events: size, position: last, covered: provenSize });

  /** A difference, once it is sure; null to go on. */
  const against = (checkpoint) => {
    const at = roots.get(checkpoint.size);
    if (!at || !same(at.root, checkpoint.root) || at.position !== checkpoint.position) {
      const { position } = checkpoint;
      const inIt = found(Math.min(proven + 1, position), 'checkpoint', position);
      const difference = first(suspicion ?? inIt);
      if (suspicion || difference.upTo === difference.position) return difference;
      range = difference;
      return null;
    }
    if (checkpoint.size > provenSize) [proven, provenSize] = [checkpoint.position, checkpoint.size];
    if (gap !== null && gap <= proven) gap = null;
    if (!suspicion) return null;
    if (suspicion.upTo > proven && suspicion.position <= proven) suspicion.position = proven + 1;
    return suspicion.position <= proven ? first(suspicion) : null;
  };

  const take = (event) => {
    const hash = eventHash(event);
    if (range) {
      const sign = check(event, hash);
      if (!sign) return null;
      return sign.position >= range.position && sign.position <= range.upTo ? sign : range;
    }
    const isNew = suspicion === null;
    suspicion ??= check(event, hash);
    if (size === 1 && !isGapless && event.position !== last + 1) gap = null; // it never counted by ones
    if (isGapless && event.position !== last + 1) [gap, isGapless] = [last + 1, false];
    last = event.position;
    tree.add(leafHash(event, hash));
    size++;
    if (wanted.has(size)) roots.set(size, { root: tree.root(), position: last });
    if (isCheckpoint(event) && !(isNew && suspicion?.position === event.position)) {
      const checkpoint = checkpointIn(noteIn(event), keys);
      if (typeof checkpoint === 'string' || checkpoint.origin !== origin) {
        suspicion ??= found(event.position, 'checkpoint');
      } else {
        const difference = against(checkpoint.size >= size ? { ...checkpoint, size: Infinity } : checkpoint);
        if (difference) return difference;
      }
    }
    for (const checkpoint of kept) {
      if (checkpoint.size !== size) continue;
      const difference = against(checkpoint);
      if (difference) return difference;
    }
    return null;
  };

  for await (const line of linesOf(file)) {
    if (line?.kind === 'log' && size === 0) {
      origin = `signalbox/${encodeURIComponent(line.logId)}`;
      head = line.head;
    } else if (line?.kind === 'end') ended = true;
    else if (line?.kind === 'check') continue;
    else if (!line || !isEvent(line)) {
      return done(range ?? first(suspicion ?? found(last + 1, 'unreadable')));
    } else {
      const difference = take(line);
      if (difference) return done(difference);
    }
  }
  if (range) return done(range);
  const beyond = kept.filter((checkpoint) => checkpoint.size > size).map(({ position }) => position);
  if (suspicion || beyond.length > 0) {
    return done(first(suspicion ?? found(last + 1, 'truncated', Math.max(last + 1, Math.min(...beyond)))));
  }
  return done(ended && head === last ? null : found(last + 1, 'truncated', Math.max(last + 1, head)));
};

const verifyProof = (bundle, trusted) => {
  const checkpoint = checkpointIn(bundle.checkpoint, trusted.length > 0 ? trusted : bundle.keys.map(keyOf));
  const done = (difference) => ({ difference, events: bundle.events.length, position: checkpoint.position ?? 0 });
  if (typeof checkpoint === 'string') return done(found(0, 'checkpoint'));
  const streams = new Map();
  for (const event of bundle.events) {
    const hash = eventHash(event);
    const [stored, before] = [bytesOf(event.hash), streams.get(event.stream)];
    if (stored && !same(stored, hash)) return done(found(event.position, 'hash'));
    if (event.revision !== (before ? before.revision + 1 : 0)) return done(found(event.position, 'missing'));
    if (stored && !same(bytesOf(event.previousHash), bytesOf(before?.hash))) return done(found(event.position, 'link'));
    streams.set(event.stream, event);
    if (event.inclusion === null && event.position > checkpoint.position) continue;
    const { index = 0, hashes = [] } = event.inclusion ?? {};
    const root = rootByProof(leafHash(event, hash), index, checkpoint.size, hashes.map(bytesOf));
    if (!event.inclusion || !root || !same(root, checkpoint.root)) return done(found(event.position, 'proof'));
  }
  return done(null);
};

const main = async () => {
  const options = { key: { type: 'string' }, checkpoint: { type: 'string' }, json: { type: 'boolean' } };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [file] = positionals;
  if (positionals.length !== 1) throw new Error('Name one file.');
  const keys = values.key ? values.key.split(',').map(keyOf) : [];
  const kept = values.checkpoint ? [checkpointIn(readFileSync(values.checkpoint, 'utf8'), keys)] : [];
  if (kept.some((one) => typeof one === 'string')) throw new Error(`The checkpoint that was kept ${kept[0]}.`);
  const isLog = (await linesOf(file).next()).value?.kind === 'log';
  const proof = () => verifyProof(JSON.parse(readFileSync(file, 'utf8')), keys);
  const outcome = isLog ? await verifyExport(file, keys, kept) : proof();
  const { difference, events, position } = outcome;
  const to = difference && difference.upTo > difference.position ? ` to ${difference.upTo}` : '';
  const text = difference
    ? `Changed: position ${difference.position}${to} (${difference.what})`
    : `Intact: ${events} events, up to position ${position}`;
  const unsigned = isLog && keys.length === 0 ? ' (signatures not checked: no --key)' : '';
  process.stdout.write(values.json ? `${JSON.stringify(outcome)}\n` : `${text}${unsigned}\n`);
  process.exitCode = difference ? 1 : 0;
};

main().catch((error) => {
  process.stderr.write(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
});
