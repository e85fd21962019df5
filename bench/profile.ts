/**
 * Where the time of a request goes: runs one row against the real server under Node's CPU profiler, and prints the
 * microseconds that each part takes of one request, thread by thread.
 *
 *   node bench/profile.ts "publish, Ed25519"            by package
 *   node bench/profile.ts "publish, Ed25519" functions  by function
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startReal } from './driver/targets.ts';
import { progress, say } from './driver/terminal.ts';
import { commandRows } from './rows/commands.ts';
import { handshakeRow } from './rows/handshake.ts';
import { pollRows } from './rows/queries.ts';
import { rpcRows } from './rows/rpc.ts';

type Frame = { readonly functionName: string; readonly url: string; readonly lineNumber: number };
type Node = { readonly id: number; readonly callFrame: Frame; readonly children?: readonly number[] };
type Profile = { readonly nodes: readonly Node[]; readonly samples: readonly number[]; readonly timeDeltas: readonly number[] };

const REQUESTS = 20_000;
const SHOWN = 45;

const rows = [...commandRows, ...pollRows, handshakeRow, ...rpcRows];
const [name = 'publish, Ed25519', by = 'packages'] = process.argv.slice(2);
const row = rows.find((one) => one.name === name);
if (!row) throw new Error(`There is no row ${name}. There are: ${rows.map((one) => one.name).join('; ')}`);

/** `libs/http`, `fastify`, or null for what belongs to the platform. */
const packageOf = (url: string): string | null => {
  const vendor = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (vendor !== undefined) return vendor;
  return /\/((?:libs|services|bench)\/[^/]+)\//.exec(url)?.[1] ?? null;
};

const functionOf = ({ functionName, url, lineNumber }: Frame): string =>
  `${functionName || '(anonymous)'} ${url.split('/').slice(-3).join('/')}:${lineNumber + 1}`;

/** What runs on no one's account. */
const OWN_ACCOUNT = ['(garbage collector)', '(idle)', '(program)'];

/** Microseconds by account. A part of the platform goes to the package that called it. */
const accountsOf = (profile: Profile): Map<string, number> => {
  const parents = new Map<number, Node>();
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node);
  const accountOf = (node: Node): string => {
    const { callFrame } = node;
    if (OWN_ACCOUNT.includes(callFrame.functionName)) return callFrame.functionName;
    for (let at: Node | undefined = node; at; at = parents.get(at.id)) {
      const account = packageOf(at.callFrame.url);
      if (account !== null) return by === 'functions' ? functionOf(at.callFrame) : account;
    }
    return 'node, outside of any package';
  };
  const micros = new Map<string, number>();
  for (const [index, id] of profile.samples.entries()) {
    const account = accountOf(nodes.get(id)!);
    micros.set(account, (micros.get(account) ?? 0) + (profile.timeDeltas[index] ?? 0));
  }
  return micros;
};

const folder = mkdtempSync(join(tmpdir(), 'signalbox-profile-'));
progress(`profiling ${name}`);
const real = await startReal('signalbox', {}, ['--cpu-prof', '--cpu-prof-interval', '200', '--cpu-prof-dir', folder]);
const rounds = await row.open(real);
const count = Math.round(REQUESTS / (row.weight ?? 1));
await (await rounds(count))();
await real.stop();

for (const file of readdirSync(folder)) {
  const micros = accountsOf(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile);
  const sorted = [...micros].toSorted(([, a], [, b]) => b - a).slice(0, SHOWN);
  say(`\n${file}: µs for each of ${count}, from start to stop`);
  for (const [account, total] of sorted) say(`${(total / count).toFixed(1).padStart(8)}  ${account}`);
}
rmSync(folder, { recursive: true, force: true });
