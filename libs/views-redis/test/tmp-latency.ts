import { randomUUID } from 'node:crypto';
import { anOffer } from '@signalbox/testing';
import { connectRedis, redisFeeds, redisGenerations } from '@signalbox/views-redis';
import { aLog } from './feeds-log.ts';

const namespace = `lat-${randomUUID()}`;
const url = process.argv[2] ?? 'redis://127.0.0.1:17811';
const connect = () => connectRedis({ url, namespace, instance: randomUUID() });
const genOf = (redis: any) =>
  redisGenerations({
    redis,
    now: () => Date.now(),
    after: (ms, work) => {
      const t = setTimeout(work, ms);
      return () => clearTimeout(t);
    },
    newGeneration: () => randomUUID(),
  });
const [a, b] = [await connect(), await connect()];
const g = genOf(a);
const r = await g.begin();
await r!.seal();
await r!.switchTo();
const logId = async () => '0a1b2c3d-0000-4000-8000-000000000000';
const writer = redisFeeds(g.live, { logId });
const reader = redisFeeds(genOf(b).live, { logId });
const idle = Number(process.argv[3] ?? 0);
const stop = new AbortController();
const others = [];
for (let i = 0; i < idle; i++) {
  const { point } = await reader.feeds.read(`idle ${i}`, null, 1);
  others.push(reader.feeds.changed(`idle ${i}`, point, stop.signal));
}
const log = aLog();
void anOffer;
log.call('one');
(await writer.view) && (await log.show(writer.view));
const times: number[] = [];
const whole: number[] = [];
for (let i = 0; i < 1500; i++) {
  const id = `call-${i}`;
  if (i % 40 === 0) await log.show(writer.view, log.call(`c${i}`));
  const { point } = await reader.feeds.read('alice', null, 1_000_000).then((p) => p);
  const changed = reader.feeds.changed('alice', point, stop.signal).then(() => performance.now());
  await new Promise((res) => setTimeout(res, 3));
  const events = log.candidate(`c${i - (i % 40)}`, `x${i}`);
  const start = performance.now();
  const written = log.show(writer.view, events).then(() => performance.now());
  const [w, c] = await Promise.all([written, changed]);
  times.push(c - w);
  whole.push(c - start);
  if (i % 200 === 199) {
    const f = await reader.feeds.forget(0);
    void f;
  }
  void id;
}
const q = (xs: number[], p: number) => xs.toSorted((x, y) => x - y)[Math.floor(xs.length * p)]!.toFixed(2);
console.log({
  idle,
  'acknowledged to woken p50': q(times, 0.5),
  p99: q(times, 0.99),
  'apply begun to woken p50': q(whole, 0.5),
  wp99: q(whole, 0.99),
});
stop.abort();
await Promise.all(others);
await a.close();
await b.close();
