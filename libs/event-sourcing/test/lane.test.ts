import { describe, expect, it } from 'vitest';

import { LANES, laneOf, streamName } from '../src/index.ts';

describe('laneOf', () => {
  it.each([
    ['session', '01890a5d-ac96-774b-bcce-b302099a8057', 30],
    ['credential', 'alice', 19],
    ['credential', 'álice', 38],
    ['signalbox', 'log', 47],
    ['session', '', 0],
  ])('has the lane of %s-%s fixed for ever', (category, id, lane) => {
    expect(laneOf(streamName(category, id))).toBe(lane);
  });

  it('deals streams evenly, also to the partitions that divide the lanes', () => {
    const perLane = new Array<number>(LANES).fill(0);
    for (let index = 0; index < 64_000; index += 1) {
      const lane = laneOf(streamName('session', String(index)));
      perLane[lane] = (perLane[lane] ?? 0) + 1;
    }

    expect(perLane).toHaveLength(64);
    expect(Math.min(...perLane)).toBeGreaterThan(850);
    expect(Math.max(...perLane)).toBeLessThan(1_150);
  });
});
