import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { containerEngine } from './container.ts';
import { type Engine, type Environment, foreign, type Missing, noneOf } from './engine.ts';
import { KAFKA_VERSION, kafkaJars } from './kafka-jars.ts';
import { processEngine, run } from './process.ts';
import { ask, freePort } from './sockets.ts';

export type KafkaEngine = Engine & { readonly brokers: readonly string[] };

const withBrokers = (found: Engine): KafkaEngine => ({ ...found, brokers: found.address.split(',') });

/** Kafka as the environment names it (`SIGNALBOX_TEST_KAFKA`, host:port with commas between), else one of our own. */
export const startKafka = async (env: Environment): Promise<KafkaEngine | Missing> => {
  const brokers = env.SIGNALBOX_TEST_KAFKA;
  return brokers ? withBrokers(foreign(brokers, `Kafka at ${brokers}`)) : startOwnKafka();
};

/**
 * One Kafka broker for this caller alone, to be killed and paused at will: in a container, else from Apache Kafka's
 * own artifacts, which Maven fetches once for the user and Java runs.
 */
export const startOwnKafka = async (): Promise<KafkaEngine | Missing> => {
  const contained = await containerEngine({
    image: `apache/kafka:${KAFKA_VERSION}`,
    port: 9092,
    environment: (port) => ({
      ...asVariables(settings({ listen: '0.0.0.0:9092', controller: 29_093, reached: port })),
      JAVA_TOOL_OPTIONS: JAVA.join(' '),
    }),
    ready,
  });
  if (contained.kind === 'real') return withBrokers(contained);
  const jars = await kafkaJars();
  return jars.kind === 'real' ? withBrokers(await fromJars(jars.folder)) : noneOf('Kafka', contained, jars);
};

/** Half the time to start; a broker of a test does not live long enough for what the rest would gain. */
const JAVA = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** One machine is broker and controller, alone, and takes members into a group without waiting for more to come. */
const settings = (at: { readonly listen: string; readonly controller: number; readonly reached: number }) => ({
  'node.id': '1',
  'process.roles': 'broker,controller',
  listeners: `PLAINTEXT://${at.listen},CONTROLLER://127.0.0.1:${at.controller}`,
  'advertised.listeners': `PLAINTEXT://127.0.0.1:${at.reached}`,
  'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
  'controller.listener.names': 'CONTROLLER',
  'inter.broker.listener.name': 'PLAINTEXT',
  'controller.quorum.voters': `1@127.0.0.1:${at.controller}`,
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '4',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '500',
  // After a kill it is not taken back before its former self counts as dead.
  'broker.session.timeout.ms': '2000',
  'broker.heartbeat.interval.ms': '400',
});

const asVariables = (properties: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [`KAFKA_${name.toUpperCase().replaceAll('.', '_')}`, value]),
  );

const fromJars = async (jars: string): Promise<Engine> => {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-kafka-'));
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const properties = settings({ listen: address, controller: await freePort(), reached: port });
  const file = join(folder, 'server.properties');
  const lines = Object.entries({ ...properties, 'log.dirs': join(folder, 'data') }).map((entry) => entry.join('='));
  await writeFile(file, lines.join('\n'));
  const logging = join(folder, 'log4j2.properties');
  await writeFile(logging, 'rootLogger.level=warn\n');
  const java = [...JAVA, '-Xmx512m', `-Dlog4j2.configurationFile=${logging}`, '-cp', `${jars}/*`];
  const id = (await run('java', [...java, 'kafka.tools.StorageTool', 'random-uuid'])).trim();
  await run('java', [...java, 'kafka.tools.StorageTool', 'format', '-t', id, '-c', file]);
  return processEngine({
    address,
    description: `Apache Kafka ${KAFKA_VERSION} from Maven on ${address}`,
    program: 'java',
    args: [...java, 'kafka.Kafka', file],
    folder,
    ready: () => ready(address),
  });
};

/** A metadata request, version 0, for all topics: length, key 3, version, correlation id, no client id, no names. */
const METADATA = Buffer.from('0000000e' + '0003' + '0000' + '00000001' + 'ffff' + '00000000', 'hex');

/** It listens before it knows itself as a broker of the cluster: it is ready when it counts at least one. */
const ready = async (address: string) => {
  const answer = await ask(address.split(',')[0] ?? address, METADATA);
  const brokers = answer.readInt32BE(8); // after the length and the correlation id
  return brokers >= 1;
};
