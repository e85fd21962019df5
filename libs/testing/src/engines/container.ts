import { until } from '../real-time.ts';
import { type Engine, type Missing, START_WITHIN_MS } from './engine.ts';
import { afterThisProcess } from './process.ts';
import { freePort } from './sockets.ts';

type Runtime = Awaited<ReturnType<typeof import('testcontainers')['getContainerRuntimeClient']>>;

/** An engine that answers, and has the image; images are never pulled. */
const runtimeWith = async (image: string): Promise<Runtime | Missing> => {
  // Tidies up after tests, but comes as an image of its own; `afterThisProcess` does it here.
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true';
  const { getContainerRuntimeClient, ImageName } = await import('testcontainers');
  let runtime: Runtime;
  try {
    runtime = await getContainerRuntimeClient();
  } catch {
    return { kind: 'missing', reason: 'no Docker engine answers' };
  }
  const there = await runtime.image.exists(ImageName.fromString(image));
  return there ? runtime : { kind: 'missing', reason: `Docker has no image ${image}` };
};

/** A server in a container, at the same address for as long as it lives. */
export const containerEngine = async (options: {
  readonly image: string;
  /** Inside the container. */
  readonly port: number;
  /** The container's environment, given the port on this machine under which it will be reached. */
  readonly environment: (port: number) => Readonly<Record<string, string>>;
  readonly ready: (address: string) => Promise<boolean>;
}): Promise<Engine | Missing> => {
  const runtime = await runtimeWith(options.image);
  if ('kind' in runtime) return runtime;
  const { GenericContainer } = await import('testcontainers');
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const description = `${options.image} in a container on ${address}`;
  const container = await new GenericContainer(options.image)
    .withExposedPorts({ container: options.port, host: port })
    .withEnvironment({ ...options.environment(port) })
    .withStartupTimeout(START_WITHIN_MS)
    .start();
  const forget = afterThisProcess('docker rm -f -v "$1"', container.getId());
  const docker = runtime.container.getById(container.getId());

  const answers = () =>
    until(`${description} answers`, () => options.ready(address), { withinMs: START_WITHIN_MS, everyMs: 50 });
  const kill = async () => {
    await docker.kill();
    await docker.wait({ condition: 'not-running' });
  };
  const start = async () => {
    await docker.start();
    await answers();
  };
  const stop = async () => {
    await docker.remove({ force: true, v: true });
    forget();
  };

  try {
    await answers();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    kind: 'real',
    address,
    description,
    folder: null,
    kill,
    start,
    restart: async () => {
      await kill();
      await start();
    },
    pause: () => docker.pause(),
    resume: () => docker.unpause(),
    stop,
  };
};
