import type { DiscoveryRow, RecordedSessionRow, Service } from '@signalbox/read-models';

/** Rows as an auditor is shown them. */

const presentService = (service: Service | null): string | null => service && `${service.name}@${service.version}`;

export const presentRecorded = (row: RecordedSessionRow) => ({
  sessionId: row.sessionId,
  publisher: row.publisher,
  answerer: row.answerer,
  tags: row.tags,
  service: presentService(row.service),
  state: row.state,
  publishedAt: row.publishedAt,
  endedAt: row.endedAt,
  traces: row.traces,
  redacted: row.redacted,
});

export const presentOffer = ({ sessionId, publisher, tags, service, sdp, createdAt, expiresAt }: DiscoveryRow) => ({
  ...{ sessionId, publisher, tags, sdp, createdAt, expiresAt },
  service: presentService(service),
});
