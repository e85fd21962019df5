import { request } from 'undici';
import type { Instance } from '../../support/stack.ts';

/** The sum of a metric's series whose labels hold `labels`. */
export const metricOf = async ({ url }: Instance, name: string, labels = ''): Promise<number> => {
  const { body } = await request(`${url}/metrics`);
  const lines = (await body.text()).split('\n').filter((line) => line.startsWith(name) && line.includes(labels));
  return lines.reduce((sum, line) => sum + Number(/^[^\s{]+(?:\{.*\})?\s+(\S+)/.exec(line)?.[1]), 0);
    (sum, line) =>
      sum +
      Number(
        line
          .slice(line.lastIndexOf('}') + 1)
          .trim()
          .split(' ')[0],
      ),
    0,
  );
};
