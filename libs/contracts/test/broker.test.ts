import { describe, expect, it } from 'vitest';
import { asyncApi, deadLetterHeaders, eventHeaders, eventMessage, topicsOf } from '../src/index.ts';

const headers = {
  'content-type': 'application/json',
  ce_specversion: '1.0',
  ce_id: '01890a5d-ac96-774b-bcce-b302099a8057',
  ce_type: 'OfferPublished',
  ce_source: 'urn:signalbox:test',
  ce_subject: 'session-1',
  ce_time: '2026-11-20T15:04:05.060Z',
  ce_revision: '0',
  ce_position: '17',
  ce_schemaversion: '1',
  ce_actor: 'alice',
  ce_correlationid: 'request-1',
  ce_causationid: 'request-1',
  ce_publishedupto: '9',
};

describe('an event message', () => {
  it('is understood: numbers, times and what allowed the change', () => {
    const authorisation = {
      scheme: 'rondevu',
      key: 'alice',
      algorithm: 'ed25519',
      nonce: 'n',
      timestamp: 1,
      signature: 's',
      signedTextHash: null,
    };
    expect(eventHeaders.parse({ ...headers, ce_authorisation: JSON.stringify(authorisation) })).toEqual({
      ...headers,
      ce_time: Date.UTC(2026, 10, 20, 15, 4, 5, 60),
      ce_revision: 0,
      ce_position: 17,
      ce_schemaversion: 1,
      ce_publishedupto: 9,
      ce_authorisation: authorisation,
    });
  });

  it('takes any id that a log takes, and says what is wrong with anything else', () => {
    expect(eventHeaders.safeParse({ ...headers, ce_id: '00000000-0000-0000-0000-0000000000ff' }).success).toBe(true);
    const wrong = eventHeaders.safeParse({ ...headers, ce_position: '12e3', ce_authorisation: 'nonsense' });
    expect(wrong.error?.issues.map(({ path, message }) => [path.join(), message])).toEqual([
      ['ce_position', 'is not a whole number'],
      ['ce_authorisation', 'is not JSON'],
    ]);
  });

  it('is keyed by its stream', () => {
    const value = Uint8Array.of(1);
    expect(eventMessage.safeParse({ key: 'session-1', headers, value }).success).toBe(true);
    expect(eventMessage.safeParse({ key: 'session-2', headers, value }).error?.issues).toMatchObject([
      { path: ['key'], message: 'is not the stream' },
    ]);
  });
});

describe('the AsyncAPI document', () => {
  const document = asyncApi({ namespace: 'signalbox', version: '1.2.3' });

  it('names the topics and the version', () => {
    expect(document.asyncapi).toBe('3.0.0');
    expect(document.info.version).toBe('1.2.3');
    expect(topicsOf('signalbox')).toEqual({
      events: 'signalbox.events.v1',
      deadLetters: 'signalbox.events.v1.dead-letter',
      election: 'signalbox.relay-election.v1',
    });
    expect(Object.values(document.channels).map(({ address }) => address)).toEqual([
      'signalbox.events.v1',
      'signalbox.events.v1.dead-letter',
    ]);
  });

  it('describes every header that is checked, and no other', () => {
    const { event, deadLetter } = document.components.messages;
    expect(Object.keys(event.headers.properties ?? {})).toEqual(Object.keys(eventHeaders.shape));
    expect(Object.keys(deadLetter.headers.properties ?? {})).toEqual(Object.keys(deadLetterHeaders.shape));
    expect(event.headers.required).toEqual(Object.keys(headers));
  });

  it('refers only to what it holds', () => {
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(references.length).toBeGreaterThan(0);
    for (const path of references) {
      const target = path.split('/').reduce<unknown>((at, name) => (at as Record<string, unknown>)?.[name], document);
      expect(target, path).toBeDefined();
    }
  });
});
