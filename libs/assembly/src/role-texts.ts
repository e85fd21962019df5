import type { ServiceContext, StackPart } from '@signalbox/runtime';

const variables: Readonly<Record<StackPart, string>> = {
  eventstoredb: 'SIGNALBOX_EVENTSTOREDB_URL=esdb://127.0.0.1:2113?tls=false',
  kafka: 'SIGNALBOX_KAFKA_BROKERS=127.0.0.1:9092',
  redis: 'SIGNALBOX_REDIS_URL=redis://127.0.0.1:6379',
  keys: 'SIGNALBOX_KEYS_URL=redis://127.0.0.1:6380',
};

/** `--help` of one role of the distributed stack. */
export const roleHelp = (
  role: string,
  does: string,
  needs: readonly StackPart[],
): string => `Signalbox, ${role}: ${does}

Usage
  ${needs.map((part) => variables[part]).join(' \\\n  ')} \\
    node services/${role}/src/main.ts

Options
  --help       this text
  --version    the version

It is one process of the distributed stack, and any number of them may run. docker compose up starts the whole stack, and
npm start a server that is everything in one process. Everything is configured by the environment:
docs/configuration.md lists each variable. It answers /live, /ready, /health and /metrics on SIGNALBOX_PORT.
`;

export const roleWelcome =
  (role: string, { version, config }: Pick<ServiceContext, 'version' | 'config'>) =>
  (address: string): string =>
    `Signalbox ${version} (${config.mode}), ${role}, is listening on ${address}`;
