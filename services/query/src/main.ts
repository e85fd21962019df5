import { createKeys, roleHelp, roleWelcome } from '@signalbox/assembly';
import { hostOf, type Opened, type ServiceContext, startService } from '@signalbox/runtime';
import { openKeys } from '@signalbox/stack/keys';
import { openStores } from '@signalbox/stack/stores';
import { buildQuery } from './build.ts';

const needs = ['redis', 'keys'] as const;

const open = async (context: ServiceContext): Promise<Opened> => {
  const keyStore = await openKeys(context);
  const keys = await createKeys(context, keyStore);
  const { stores, close: closeStores } = await openStores(context);
  const { app, close } = await buildQuery({ context, keys, stores });
  return {
    listen: (at) => app.listen({ ...at, listenTextResolver: () => 'listening' }),
    steps: [
      { name: 'server', close },
      { name: 'stores', close: closeStores },
      { name: 'keys', close: () => keyStore.close() },
    ],
    welcome: roleWelcome('query', context),
  };
};

await startService({
  ...{ name: 'signalbox-query', needs, open, host: hostOf(process) },
  help: roleHelp('query', 'answers what is asked (HTTP v1, the reading half) from the read models.', needs),
  manifest: new URL('../package.json', import.meta.url),
});
