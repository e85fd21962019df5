import { request } from 'undici';
import type { Instance } from '../../support/stack.ts';

/** A series: its name, its labels where it has any, and its value. */
const SERIES = /^(\w+)(\{.*\})? (\S+)/;

/** The sum of a metric's series whose labels hold `labels`; throws when there is none. */
export const metricOf = async ({ url }: Instance, name: string, labels = ''): Promise<number> => {
  const { body } = await request(`${url}/metrics`);
  const series = (await body.text()).split('\n').map((line) => SERIES.exec(line));
  const found = series.filter((one) => one?.[1] === name && (one[2] ?? '').includes(labels));
  if (found.length === 0) throw new Error(`There is no metric ${name} with ${labels}.`);
  return found.reduce((sum, one) => sum + Number(one?.[3]), 0);
};
