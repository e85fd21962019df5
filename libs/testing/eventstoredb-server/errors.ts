import { Metadata, type StatusObject, status } from '@grpc/grpc-js';

/** The errors of the protocol, with the trailers that the client library tells them apart by. */

const error = (code: status, details: string, trailers: Readonly<Record<string, string>> = {}): StatusObject => {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(trailers)) metadata.set(name, value);
  return { code, details, metadata };
};

export const dropped = (): StatusObject => error(status.UNAVAILABLE, 'The call was dropped.');

export const notLeader = (leader: { readonly host: string; readonly port: number }): StatusObject =>
  error(status.NOT_FOUND, 'Leader info available', {
    exception: 'not-leader',
    'leader-endpoint-host': leader.host,
    'leader-endpoint-port': String(leader.port),
  });

export const invalidPosition = (): StatusObject =>
  error(status.INVALID_ARGUMENT, 'Trying to read from an invalid position.');

export const unsupported = (what: string): StatusObject =>
  error(status.UNIMPLEMENTED, `This test double does not know ${what}.`);

export const appendTooLarge = (limit: number): StatusObject =>
  error(status.INVALID_ARGUMENT, `Maximum Append Size of ${limit} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(limit),
  });
