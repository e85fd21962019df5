import { createKeys, refuseLostKeys, roleHelp, roleWelcome, settleKeys } from '@signalbox/assembly';
import { hostOf, type Opened, type ServiceContext, startService } from '@signalbox/runtime';
import { openProjectorBus } from '@signalbox/stack/bus';
import { openKeys } from '@signalbox/stack/keys';
import { openLog } from '@signalbox/stack/log';
import { openStores } from '@signalbox/stack/stores';
import { buildProjector } from './build.ts';

const needs = ['eventstoredb', 'kafka', 'redis', 'keys'] as const;

const open = async (context: ServiceContext): Promise<Opened> => {
  const log = await openLog(context);
  const keyStore = await openKeys(context);
  await refuseLostKeys(keyStore, log);
  const keys = await createKeys(context, keyStore);
  await settleKeys(keys, log, context);
  const { readModelsOf, close: closeStores } = await openStores(context);
  const subscriber = await openProjectorBus(context);
  const readModels = readModelsOf(log.id);
  const { app, close } = await buildProjector({ context, log, keys, subscriber, group: 'projector', readModels });
  return {
    listen: (at) => app.listen({ ...at, listenTextResolver: () => 'listening' }),
    steps: [
      { name: 'projector', close },
      { name: 'log', close: () => log.close() },
      { name: 'stores', close: closeStores },
      { name: 'keys', close: () => keyStore.close() },
    ],
    welcome: roleWelcome('projector', context),
  };
};

await startService({
  ...{ name: 'signalbox-projector', needs, open, host: hostOf(process) },
  help: roleHelp('projector', 'brings the read models up with the bus, and builds them from the log.', needs),
  manifest: new URL('../package.json', import.meta.url),
});
