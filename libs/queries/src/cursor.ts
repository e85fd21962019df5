import type { FeedPoint } from '@signalbox/read-models';

/** Cursors are opaque to clients: base64url of a letter for what is counted, and the count. */

const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64url');

const decode = (cursor: string): string => Buffer.from(cursor, 'base64url').toString('utf8');

export const pageCursor = {
  encode: (order: number): string => encode(`d.${order}`),
  /** The order, or undefined when this is no cursor of a page. */
  decode: (cursor: string): number | undefined => {
    const match = /^d\.(\d{1,16})$/.exec(decode(cursor));
    return match ? Number(match[1]) : undefined;
  },
};

/** What has been seen of each lane follows as `lane:position`, in base 36. */
export const feedCursor = {
  encode: ({ epoch, sequence, seen }: FeedPoint): string => {
    const lanes = seen.map(([lane, position]) => `.${lane.toString(36)}:${position.toString(36)}`);
    return encode(`f.${sequence}.${epoch}${lanes.join('')}`);
  },
  decode: (cursor: string): FeedPoint | undefined => {
    const match = /^f\.(\d{1,16})\.([\w-]{1,64})((?:\.[\da-z]{1,3}:[\da-z]{1,11}){0,1024})$/.exec(decode(cursor));
    if (!match) return undefined;
    const [, sequence, epoch = '', lanes = ''] = match;
    const seen = lanes
      .split('.')
      .slice(1)
      .map((lane) => lane.split(':').map((digits) => Number.parseInt(digits, 36)) as [number, number]);
    return { sequence: Number(sequence), epoch, seen };
  },
};
