import { roleHelp, roleWelcome } from '@signalbox/assembly';
import { hostOf, type Opened, type ServiceContext, startService } from '@signalbox/runtime';
import { openRelayBus } from '@signalbox/stack/bus';
import { openLog } from '@signalbox/stack/log';
import { buildRelay } from './build.ts';

const needs = ['eventstoredb', 'kafka'] as const;

const open = async (context: ServiceContext): Promise<Opened> => {
  const log = await openLog(context);
  const { publisher, election } = await openRelayBus(context);
  const { app, close } = await buildRelay({ context, log, publisher, election });
  return {
    listen: (at) => app.listen({ ...at, listenTextResolver: () => 'listening' }),
    steps: [
      { name: 'relay', close },
      { name: 'log', close: () => log.close() },
    ],
    welcome: roleWelcome('relay', context),
  };
};

await startService({
  ...{ name: 'signalbox-relay', needs, open, host: hostOf(process) },
  help: roleHelp('relay', 'carries the event log to the bus, in order. One is active, the others stand by.', needs),
  manifest: new URL('../package.json', import.meta.url),
});
