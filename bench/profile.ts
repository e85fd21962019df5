/**
 * Where the time of a request goes: runs one row against the real server (or the bare minimum) under V8's profiler, and
 * prints the CPU microseconds of one request by thread, and those of the event loop by package or by function.
 *
 *   node bench/profile.ts "publish, Ed25519"
 *   node bench/profile.ts "publish, Ed25519" --functions
 *   node bench/profile.ts "publish, Ed25519" --bare
 */
import { parseArgs } from 'node:util';
import type { Profile } from './driver/server-process.ts';
import { startBare, startReal } from './driver/targets.ts';
import { progress, say } from './driver/terminal.ts';
import { threadMicros } from './driver/threads.ts';
import { commandRows, withTokens } from './rows/commands.ts';
import { handshakeRow } from './rows/handshake.ts';
import { publishMany } from './rows/offers.ts';
import { CROWDED_TAG, discoverRows, pollRows } from './rows/queries.ts';
import { rpcRows } from './rows/rpc.ts';

const WARM_UP = 15_000;
const REQUESTS = 20_000;
const OFFERS = 1_000;
const SHOWN = 50;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { functions: { type: 'boolean' }, bare: { type: 'boolean' } },
});
const rows = [...commandRows, ...pollRows, ...discoverRows, handshakeRow, ...rpcRows];
const row = rows.find(({ name }) => name === (positionals[0] ?? 'publish, Ed25519'));
if (!row) throw new Error(`There is no such row. There are: ${rows.map(({ name }) => name).join('; ')}`);

type Node = Profile['nodes'][number];

/** `libs/http`, `fastify`, or null for what belongs to the platform. */
const packageOf = (url: string): string | null => {
  const vendor = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  return vendor ?? /\/((?:libs|services)\/[^/]+|bench)\//.exec(url)?.[1] ?? null;
};

const functionOf = ({ functionName, url, lineNumber }: Node['callFrame']): string =>
  `${functionName || '(anonymous)'} ${url.split('/').slice(-3).join('/')}:${lineNumber + 1}`;

/** Samples by account, in parts of one. What belongs to the platform goes to whoever called it. */
const sharesOf = ({ nodes, samples, timeDeltas }: Profile): ReadonlyMap<string, number> => {
  const parents = new Map<number, Node>();
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node);
  const accountOf = (node: Node): string => {
    if (node.callFrame.functionName.startsWith('(')) return node.callFrame.functionName;
    for (let at: Node | undefined = node; at; at = parents.get(at.id)) {
      const account = packageOf(at.callFrame.url);
      if (account !== null) return values.functions ? functionOf(at.callFrame) : account;
    }
    return 'node itself';
  };
  const accounts = new Map(nodes.map((node) => [node.id, accountOf(node)]));
  const shares = new Map<string, number>();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const account = accounts.get(id) ?? '(unknown)';
    if (account === '(idle)') continue;
    total += timeDeltas[index] ?? 0;
    shares.set(account, (shares.get(account) ?? 0) + (timeDeltas[index] ?? 0));
  }
  return new Map([...shares].map(([account, micros]) => [account, micros / total]));
};

progress(`profiling ${row.name}`);
const target = values.bare ? await startBare() : await startReal('signalbox');
await publishMany(target, await withTokens(target), OFFERS, { tags: [CROWDED_TAG, 'room-1'] });
const rounds = await row.open(target);
const weight = row.weight ?? 1;
await (await rounds(Math.round(WARM_UP / weight)))();
const count = Math.round(REQUESTS / weight);
const run = await rounds(count);
await target.server.startProfile();
const [usageBefore, threadsBefore] = [await target.server.usage(), threadMicros(target.server.pid)];
await run();
const [usage, threads] = [await target.server.usage(), threadMicros(target.server.pid)];
const profile = await target.server.stopProfile();
await target.stop();

const loop = (usage.loopMicros - usageBefore.loopMicros) / count;
say(`${row.name} on ${target.name}: CPU µs of one\n`);
for (const [name, micros] of threads) {
  const each = (micros - (threadsBefore.get(name) ?? 0)) / count;
  if (each >= 0.1) say(`${each.toFixed(1).padStart(8)}  ${name}`);
}
say(`\nof the event loop's ${loop.toFixed(1)}, by samples\n`);
const shares = [...sharesOf(profile)].toSorted(([, a], [, b]) => b - a).slice(0, SHOWN);
for (const [account, share] of shares) say(`${(share * loop).toFixed(1).padStart(8)}  ${account}`);
