import type { z } from 'zod';

/**
 * One type of stored event in all the versions that were ever written, the first being 1. Append only, like the log:
 * an old version is never changed, a new shape is a new version on top of it.
 */
export type EventSchema<Type extends string, Data> = {
  readonly type: Type;
  /** The newest version: the one that is written. */
  readonly version: number;
  /** Reads data of the given version into the newest shape. Throws when there is no such version or it does not fit. */
  readonly parse: (version: number, stored: unknown) => Data;
  /** Adds a version; `change` brings data of the version before it into the new shape. */
  readonly upcast: <Newer>(newer: z.ZodType<Newer>, change: (older: Data) => Newer) => EventSchema<Type, Newer>;
};

/** The data of an event as the newest version has it. */
export type DataOf<S> = S extends EventSchema<string, infer Data> ? Data : never;

/** The event that a schema reads; of a union of schemas, the union of their events. */
export type EventOf<S> =
  S extends EventSchema<infer Type, infer Data> ? { readonly type: Type; readonly data: Data } : never;

export const eventSchema = <Type extends string, Data>(type: Type, v1: z.ZodType<Data>): EventSchema<Type, Data> =>
  onTop(type, 1, v1, (version) => {
    throw new Error(`No version ${version} of ${type} was ever written, as far as this program knows.`);
  });

const onTop = <Type extends string, Data>(
  type: Type,
  version: number,
  newest: z.ZodType<Data>,
  fromOlder: (version: number, stored: unknown) => Data,
): EventSchema<Type, Data> => {
  const parse = (stored: number, data: unknown): Data =>
    newest.parse(stored === version ? data : fromOlder(stored, data));
  return {
    type,
    version,
    parse,
    upcast: (newer, change) => onTop(type, version + 1, newer, (stored, data) => change(parse(stored, data))),
  };
};
