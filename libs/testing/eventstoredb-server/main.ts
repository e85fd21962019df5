import { parseArgs } from 'node:util';
import { startEventStoreDbServer } from './server.ts';

/** The double as a process of its own. Says on its first line where it is, and goes when it is told to. */

const { values } = parseArgs({
  options: { host: { type: 'string' }, port: { type: 'string' }, file: { type: 'string' } },
});

const server = await startEventStoreDbServer({
  now: () => Date.now(),
  ...(values.host === undefined ? {} : { host: values.host }),
  ...(values.port === undefined ? {} : { port: Number(values.port) }),
  ...(values.file === undefined ? {} : { file: values.file }),
});
process.stdout.write(`${JSON.stringify({ url: server.url, port: server.port })}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void server.close().then(() => process.exit(0));
  });
}
