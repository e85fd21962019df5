import { createKeys, refuseLostKeys, roleHelp, roleWelcome, settleKeys } from '@signalbox/assembly';
import { hostOf, type Opened, type ServiceContext, startService } from '@signalbox/runtime';
import { openKeys } from '@signalbox/stack/keys';
import { openLog } from '@signalbox/stack/log';
import { openStores } from '@signalbox/stack/stores';
import { buildGateway } from './build.ts';

const needs = ['eventstoredb', 'redis', 'keys'] as const;

const open = async (context: ServiceContext): Promise<Opened> => {
  const log = await openLog(context);
  const keyStore = await openKeys(context);
  await refuseLostKeys(keyStore, log);
  const keys = await createKeys(context, keyStore);
  await settleKeys(keys, log, context);
  const { stores, rebuilds, close: closeStores } = await openStores(context);
  const { app, close } = await buildGateway({ context, log, keys, stores, rebuilds });
  return {
    listen: (at) => app.listen({ ...at, listenTextResolver: () => 'listening' }),
    steps: [
      { name: 'server', close },
      { name: 'log', close: () => log.close() },
      { name: 'stores', close: closeStores },
      { name: 'keys', close: () => keyStore.close() },
    ],
    welcome: roleWelcome('gateway', context),
  };
};

await startService({
  ...{ name: 'signalbox-gateway', needs, open, host: hostOf(process) },
  help: roleHelp('gateway', 'the front door: `/rpc`, batches, the pages and the reference.', needs),
  manifest: new URL('../package.json', import.meta.url),
});
