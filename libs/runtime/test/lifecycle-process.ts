// A process to be ended by lifecycle.test.ts: what it does is told by its argument. It lives for as long as its parent
// may send it a message, and fails when it is sent one.
import { createLogger, endInOrder, systemClock } from '../src/index.ts';

const [behaviour] = process.argv.slice(2);
const logger = createLogger({ level: 'debug', instance: 'child', pretty: false });

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
process.on('message', () => {
  const error = new Error('nobody caught this');
  if (behaviour === 'throwing') throw error;
  void Promise.reject(error);
});
process.send?.('ready');
