import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { DomainEvent } from '@signalbox/domain';
import { streamName } from '@signalbox/event-sourcing';
import { unsealed } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { createEventCodec } from '../src/index.ts';
import { schemas } from '../src/schemas.ts';
import { examples } from './examples.ts';
import { recorded } from './recorded.ts';

const folder = new URL('../golden/', import.meta.url);
const golden = (type: string, version: number) => {
  const file = new URL(`${type}.v${version}.json`, folder);
  return existsSync(file) ? new Uint8Array(readFileSync(file)) : new Uint8Array();
};
const stream = streamName('session', 's-1');
const everyVersion = Object.values(schemas)
  .flat()
  .flatMap(({ type, version: newest }) => Array.from({ length: newest }, (_, i) => ({ type, version: i + 1, newest })));

describe('the golden files', () => {
  it('are one for each version of each event that was ever written, and no more', () => {
    const expected = everyVersion.map(({ type, version }) => `${type}.v${version}.json`);
    expect(readdirSync(folder).toSorted()).toEqual(expected.toSorted());
  });

  it.each(everyVersion)('hold $type version $version, which reads as the newest shape', async ({ type, version }) => {
    const stored = recorded({ type, schemaVersion: version, data: golden(type, version), keyId: null });
    const [decoded] = await createEventCodec(unsealed).decode([stored], 'stop');
    expect(decoded?.event).toStrictEqual({ type, data: examples[type] });
    expect(JSON.stringify(decoded?.event.data)).toBe(JSON.stringify(examples[type]));
  });

  it.each(everyVersion.filter(({ version, newest }) => version === newest))(
    'hold byte for byte how $type is written',
    async ({ type, version }) => {
      const event = { type, data: examples[type] } as DomainEvent;
      const [encoded] = await createEventCodec(unsealed).encode(stream, 0, [event], null);
      const written = new TextDecoder().decode(encoded?.data);
      const hint = `golden/${type}.v${version}.json should hold, without a line end: ${written}`;
      expect(new TextDecoder().decode(golden(type, version)), hint).toBe(written);
      expect(encoded).toStrictEqual({ type, schemaVersion: version, data: golden(type, version), keyId: null });
    },
  );
});
