import { createKeys, refuseLostKeys, roleHelp, roleWelcome, settleKeys, tellOldKeys } from '@signalbox/assembly';
import { hostOf, type Opened, type ServiceContext, startService } from '@signalbox/runtime';
import { openKeys } from '@signalbox/stack/keys';
import { openLog } from '@signalbox/stack/log';
import { openStores } from '@signalbox/stack/stores';
import { buildScheduler } from './build.ts';

const needs = ['eventstoredb', 'redis', 'keys'] as const;

const open = async (context: ServiceContext): Promise<Opened> => {
  const log = await openLog(context);
  const keyStore = await openKeys(context);
  await refuseLostKeys(keyStore, log);
  const keys = await createKeys(context, keyStore);
  await settleKeys(keys, log, context);
  await tellOldKeys(keys, log, context);
  const { stores, forgetting, close: closeStores } = await openStores(context);
  const { app, close } = await buildScheduler({ context, log, keys, stores, forgetting });
  return {
    listen: (at) => app.listen({ ...at, listenTextResolver: () => 'listening' }),
    steps: [
      { name: 'scheduler', close },
      { name: 'log', close: () => log.close() },
      { name: 'stores', close: closeStores },
      { name: 'keys', close: () => keyStore.close() },
    ],
    welcome: roleWelcome('scheduler', context),
  };
};

await startService({
  ...{ name: 'signalbox-scheduler', needs, open, host: hostOf(process) },
  help: roleHelp('scheduler', 'ends what is due, and forgets what has been kept long enough.', needs),
  manifest: new URL('../package.json', import.meta.url),
});
