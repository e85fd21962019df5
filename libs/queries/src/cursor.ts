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

export const feedCursor = {
  encode: (epoch: string, sequence: number): string => encode(`f.${sequence}.${epoch}`),
  decode: (cursor: string): { readonly epoch: string; readonly sequence: number } | undefined => {
    const match = /^f\.(\d{1,16})\.([\w-]{1,64})$/.exec(decode(cursor));
    return match ? { sequence: Number(match[1]), epoch: match[2] ?? '' } : undefined;
  },
};
