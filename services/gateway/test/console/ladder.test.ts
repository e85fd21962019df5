import { describe, expect, it } from 'vitest';
import { candidatesInWords, candidatesWithin } from '../../src/console/web/candidates.js';
import { layOut } from '../../src/console/web/ladder.js';
import type { Timeline } from '../../src/console/web/shapes.ts';
import { stepsOf } from '../../src/console/web/steps.js';
import { alice, bob, candidate, carol, entryOf, oneSided, redacted } from './calls.ts';

const told = (timeline: Timeline) => stepsOf(timeline).map(({ from, to, label, mark }) => [from, to, label, mark]);

describe('the steps of a call', () => {
  it('stand where they took place, however late they were recorded', () => {
    expect(told(oneSided)).toEqual([
      ['offerer', 'server', 'offer · chat', 'none'],
      ['offerer', 'server', '3 candidates: host, mDNS, srflx; end of candidates', 'none'],
      ['server', 'server', 'offer shown to somebody for the first time', 'quiet'],
      ['answerer', 'server', 'answer', 'none'],
      ['server', 'answerer', 'candidates fetched, 3 in all', 'quiet'],
      ['server', 'offerer', 'answer fetched', 'quiet'],
      ['others', 'server', 'answer refused: ALREADY_ANSWERED ×2', 'refused'],
      ['offerer', 'server', 'reports: failed', 'bad'],
      ['server', 'server', 'expired after the answer, due 10:09:06.973', 'none'],
    ]);
    const steps = stepsOf(oneSided);
    expect(steps.map(({ at }) => at)).toEqual(steps.map(({ at }) => at).toSorted((a, b) => a - b));
    expect(new Set(steps.map(({ key }) => key)).size).toBe(steps.length);
  });

  it('keep their sides when nothing can be read of them any more', () => {
    expect(told(redacted)).toEqual([
      ['offerer', 'server', 'offer published, unreadable', 'unreadable'],
      ['offerer', 'server', 'candidates added, unreadable', 'unreadable'],
      ['answerer', 'server', 'offer answered, unreadable', 'unreadable'],
      ['answerer', 'server', 'candidates added, unreadable', 'unreadable'],
      ['server', 'server', 'key destroyed (retention): payloads are unreadable for ever', 'unreadable'],
    ]);
  });

  it('put strangers on a side of their own', () => {
    const held = (position: number, identity: string) =>
      entryOf(position, position, 'CandidatesHeld', identity, { identity, candidates: [candidate('relay')] });
    expect(told({ ...oneSided, entries: [held(50, bob), held(51, carol)] })).toEqual([
      ['answerer', 'server', '1 candidate: relay, held back', 'none'],
      ['others', 'server', '1 candidate: relay, held back', 'none'],
    ]);
  });

  it('show what this page does not know, and payloads that are not as it thinks', () => {
    const entries = [
      entryOf(50, 1, 'SomethingNew', alice, { x: 1 }),
      entryOf(51, 2, 'CandidatesAdded', alice, {}),
      entryOf(52, 3, 'DeliveriesRecorded', 'system:observer', { deliveries: 'none' }),
    ];
    expect(told({ ...oneSided, entries })).toEqual([
      ['server', 'server', 'something new', 'quiet'],
      ['answerer', 'server', 'no candidates', 'none'],
    ]);
  });
});

describe('candidates', () => {
  it('are told by their types', () => {
    const text = 'candidate:1 1 UDP 1 192.0.2.1 9 typ host';
    expect(candidatesInWords([text, candidate('host'), candidate('relay')])).toBe('3 candidates: 2 host, relay');
    expect(candidatesInWords([{ candidate: '' }])).toBe('end of candidates');
    expect(candidatesInWords([{ sealed: 'x' }, 7])).toBe('2 candidates: 2 opaque');
    const wrapped = { type: 'candidate', candidate: { candidate: text, sdpMid: '0' } };
    expect(candidatesInWords([wrapped, 'a=end-of-candidates'])).toBe('1 candidate: host; end of candidates');
  });

  it('are found within an SDP, also where it is sent as JSON', () => {
    const sdp = `v=0\r\na=candidate:1 1 UDP 1 192.0.2.1 9 typ relay\r\na=mid:0\r\n`;
    expect([sdp, JSON.stringify({ type: 'offer', sdp }), 'v=0', null].map(candidatesWithin)).toEqual([
      ...['1 candidate: relay', '1 candidate: relay', '', ''],
    ]);
  });
});

describe('the ladder', () => {
  const steps = stepsOf(oneSided);
  const { offerer, answerer } = oneSided;
  const at = (width: number) => layOut(steps, { width, offerer, answerer });

  it.each([320, 360, 640, 1280])('fits into %d pixels', (width) => {
    const { rows, lanes, height } = at(width);
    for (const x of [...lanes.map((lane) => lane.x), ...rows.flatMap(({ x1, x2, textX }) => [x1, x2, textX])]) {
      expect(x).toBeGreaterThan(0);
      expect(x).toBeLessThan(width);
    }
    for (const { text, textX, anchor, top, height: of, step } of rows) {
      // Bold letters are the widest.
      const length = text.length * (['bad', 'refused', 'good'].includes(step.mark) ? 8.3 : 7.2);
      const left = anchor === 'start' ? textX : anchor === 'end' ? textX - length : textX - length / 2;
      expect(left).toBeGreaterThanOrEqual(-1);
      expect(left + length).toBeLessThanOrEqual(width + 1);
      expect(top + of).toBeLessThanOrEqual(height);
    }
  });

  it('has its rows one under the other, and room where nothing happened for long', () => {
    const { rows } = at(900);
    rows.slice(1).forEach((row, index) => {
      const before = rows[index]!;
      const room = row.top - (before.top + before.height);
      expect(room > 0).toBe(row.silence !== null);
    });
    expect(rows.flatMap(({ silence }) => silence ?? [])).toEqual([15_200, 284_700]);
  });

  it('shows strangers only when there were some', () => {
    expect(at(900).lanes.map(({ lane }) => lane)).toEqual(['offerer', 'server', 'answerer', 'others']);
    const lanes = layOut(stepsOf(redacted), { width: 900, offerer: null, answerer: null }).lanes;
    expect(lanes.map(({ lane, identity }) => [lane, identity])).toEqual([
      ['offerer', ''],
      ['server', ''],
      ['answerer', ''],
    ]);
  });

  it('is the same each time', () => {
    expect(at(777)).toEqual(at(777));
    expect(layOut([], { width: 400, offerer: null, answerer: null }).rows).toEqual([]);
  });
});
