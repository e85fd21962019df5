import { startBare, startReal } from '/work/main/bench/driver/targets.ts';
import { commandRows } from '/work/main/bench/rows/commands.ts';
import { pollRows, discoverRows } from '/work/main/bench/rows/queries.ts';
import { handshakeRow } from '/work/main/bench/rows/handshake.ts';
import { rpcRows } from '/work/main/bench/rows/rpc.ts';
const only = process.argv[3] ?? '';
const t = process.argv[2] === 'real' ? await startReal('r') : await startBare();
for (const row of [...commandRows, ...pollRows, ...discoverRows, handshakeRow, ...rpcRows].filter(r => r.name.includes(only))) {
  try {
  const rounds = await row.open(t);
  for (const n of [1000, 3000]) {
    const p0 = performance.now();
    const go = await rounds(row.unit === 'handshake' ? n/5 : n);
    const p1 = performance.now();
    const c0 = process.cpuUsage();
    const a = await t.server.usage(); const m = await go(); const b = await t.server.usage();
    const c = process.cpuUsage(c0);
    console.log(row.name, 'prep', Math.round(p1-p0), Math.round(m.perSecond), 'p50', m.p50.toFixed(2), 'p99', m.p99.toFixed(2), 'cpu', ((b.cpuMicros-a.cpuMicros)/m.count).toFixed(1), 'loop', ((b.loopMicros-a.loopMicros)/m.count).toFixed(1), 'client', ((c.user+c.system)/m.count).toFixed(1));
  }
  } catch (e) { console.log(row.name, String(e).slice(0, 300)); }
}
await t.stop();
