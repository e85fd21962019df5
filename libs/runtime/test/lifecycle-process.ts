// A process to be ended by lifecycle.test.ts: what it does is told by its arguments.
import { createLogger, endInOrder, systemClock } from '../src/index.ts';

const [behaviour] = process.argv.slice(2);
const logger = createLogger({ level: 'debug', instance: 'child', pretty: false });
const stay = setInterval(() => undefined, 1_000);

endInOrder({
  deadlineMs: behaviour === 'stuck' ? 60_000 : 300,
  logger,
  clock: systemClock,
  steps: [
    {
      name: 'listener',
      close: () => {
        logger.info({ step: 'listener' }, 'step');
        process.send?.('stopping');
      },
    },
    {
      name: 'work',
      close: async () => {
        if (behaviour === 'failing') throw new Error('could not flush');
        if (behaviour === 'endless' || behaviour === 'stuck') await new Promise(() => undefined);
        logger.info({ step: 'work' }, 'step');
      },
    },
    { name: 'log', close: () => logger.info({ step: 'log' }, 'step') },
  ],
});
if (behaviour === 'throwing')
  setTimeout(() => {
    throw new Error('nobody caught this');
  });
if (behaviour === 'rejecting') void Promise.reject(new Error('nobody caught this'));
process.on('exit', () => clearInterval(stay));
process.send?.('ready');
