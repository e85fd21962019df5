import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Missing } from './engine.ts';
import { run } from './process.ts';

export const KAFKA_VERSION = '4.1.1';
const LOG4J_VERSION = '2.24.3';

const dependency = (group: string, artifact: string, version: string) =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;

const PROJECT = [
  '<project><modelVersion>4.0.0</modelVersion><groupId>local</groupId><artifactId>kafka</artifactId>',
  '<version>1</version><dependencies>',
  dependency('org.apache.kafka', 'kafka_2.13', KAFKA_VERSION),
  ...['log4j-api', 'log4j-core', 'log4j-slf4j-impl'].map((artifact) =>
    dependency('org.apache.logging.log4j', artifact, LOG4J_VERSION),
  ),
  '</dependencies></project>',
].join('');

/**
 * The folder with everything that Java needs to run Kafka. Maven fetches it the first time; it stays in the user's
 * cache, and comes to be there as a whole or not at all.
 */
export const kafkaJars = async (): Promise<{ readonly kind: 'real'; readonly folder: string } | Missing> => {
  const caches = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'signalbox');
  const kept = join(caches, `kafka-${KAFKA_VERSION}`);
  const folder = join(kept, 'jars');
  if (!(await works('java', '-version'))) return { kind: 'missing', reason: 'there is no java' };
  if (await exists(folder)) return { kind: 'real', folder };
  if (!(await works('mvn', '-version'))) return { kind: 'missing', reason: 'there is no mvn to fetch Kafka with' };

  await mkdir(caches, { recursive: true });
  const fetched = await mkdtemp(`${kept}-`);
  try {
    await writeFile(join(fetched, 'pom.xml'), PROJECT);
    const jars = `-DoutputDirectory=${join(fetched, 'jars')}`;
    await run('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', jars], fetched);
    await rename(fetched, kept);
  } catch (error) {
    await rm(fetched, { recursive: true, force: true });
    // Another process was faster: what it fetched is as good.
    if (!(await exists(folder)))
      return { kind: 'missing', reason: `Maven could not fetch Kafka (${firstLine(error)})` };
  }
  return { kind: 'real', folder };
};

const works = (program: string, argument: string) =>
  run(program, [argument]).then(
    () => true,
    () => false,
  );

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

const firstLine = (error: unknown) => String(error).split('\n')[0];
