import type { CloudEvent } from '@signalbox/contracts';
import type { RecordedEvent } from '@signalbox/event-sourcing';

/** The event as the log has it: what is sealed stays sealed. */
export const cloudEventOf = (event: RecordedEvent, source: string): CloudEvent => {
  const { keyId, hash, previousHash, metadata, data } = event;
  return {
    specversion: '1.0',
    id: event.id,
    type: event.type,
    source,
    subject: event.stream,
    time: new Date(event.recordedAt).toISOString(),
    datacontenttype: keyId === null ? 'application/json' : 'application/octet-stream',
    revision: String(event.revision),
    position: String(event.position),
    schemaversion: String(event.schemaVersion),
    ...(keyId !== null && { keyid: keyId }),
    actor: metadata.actor,
    correlationid: metadata.correlationId,
    causationid: metadata.causationId,
    ...(metadata.trace !== null && { traceparent: metadata.trace }),
    ...(metadata.authorisation !== null && { authorisation: JSON.stringify(metadata.authorisation) }),
    ...(hash !== null && { hash: encoded(hash, 'base64url') }),
    ...(previousHash !== null && { previoushash: encoded(previousHash, 'base64url') }),
    ...(keyId === null ? plain(data) : { data_base64: encoded(data, 'base64') }),
  };
};

const plain = (data: Uint8Array): Pick<CloudEvent, 'data' | 'data_base64'> => {
  try {
    return { data: JSON.parse(encoded(data, 'utf8')) };
  } catch {
    return { data_base64: encoded(data, 'base64') };
  }
};

const encoded = ({ buffer, byteOffset, byteLength }: Uint8Array, encoding: BufferEncoding): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString(encoding);
