import type { RecordedPoint } from '@signalbox/read-models';

/** Opaque to clients: base64url of a letter for what it means, and where it is. */
const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64url');
const decode = (cursor: string): string => Buffer.from(cursor, 'base64url').toString('utf8');

/** A place in the log. */
export const positionCursor = {
  encode: (position: number): string => encode(`p.${position}`),
  /** Undefined when it is none. */
  decode: (cursor: string): number | undefined => {
    const match = /^p\.(\d{1,16})$/.exec(decode(cursor));
    return match ? Number(match[1]) : undefined;
  },
};

/** A place among recorded sessions. */
export const recordedCursor = {
  encode: ({ publishedAt, sessionId }: RecordedPoint): string => encode(`r.${publishedAt}.${sessionId}`),
  decode: (cursor: string): RecordedPoint | undefined => {
    const match = /^r\.(\d{1,16})\.(.{1,128})$/s.exec(decode(cursor));
    return match ? { publishedAt: Number(match[1]), sessionId: match[2] ?? '' } : undefined;
  },
};
