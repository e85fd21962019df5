import { createHash } from 'node:crypto';
import semver from 'semver';
import { Failure, fail } from './failure.ts';
import type { Json } from './json.ts';

/** `chat:1.2.0` or `chat:1.2.0@alice`. */
export type ServiceName = {
  readonly name: string;
  readonly version: string;
  /** Whose service it is; null where anyone's will do. */
  readonly owner: string | null;
};

const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,126}[a-z0-9])?$/;
const VERSION = /^\d+\.\d+\.\d+(?:-[a-z0-9.-]+)?$/;
const OWNER = /^[a-z0-9][a-z0-9.-]{1,30}[a-z0-9]$/;

export const readServiceName = (value: Json | undefined): ServiceName | Failure => {
  if (typeof value !== 'string') return fail('INVALID_FQN');
  const at = value.lastIndexOf('@');
  const service = at > 0 ? value.slice(0, at) : value;
  const owner = at > 0 ? value.slice(at + 1) : null;
  const colon = service.indexOf(':');
  const name = service.slice(0, Math.max(colon, 0));
  const version = service.slice(colon + 1);
  if (!NAME.test(name) || (owner !== null && !OWNER.test(owner))) return fail('INVALID_FQN');
  // The form of Rondevu admits texts that are no semantic version (01.2.3): they could be published and never found.
  if (!VERSION.test(version) || semver.valid(version) === null) return fail('INVALID_FQN');
  return { name, version, owner };
};

/** The same, of a service that must be somebody's. */
export const readOwnedServiceName = (value: Json | undefined) => {
  const service = readServiceName(value);
  if (service instanceof Failure) return service;
  const { owner } = service;
  return owner === null
    ? fail('INVALID_FQN', 'The service must be named with its owner, as in chat:1.0.0@name')
    : { ...service, owner };
};

export const formatServiceName = (
  service: { readonly name: string; readonly version: string },
  owner: string,
): string => `${service.name}:${service.version}@${owner}`;

/**
 * The versions that serve whoever asks for this one: those of the same major, of the same minor where the major is 0,
 * that are not older. A prerelease serves only who names it, and who names one gets that.
 */
export const rangeFor = (version: string): string => {
  if (semver.prerelease(version) !== null) return version;
  return semver.major(version) === 0 ? `~${version}` : `^${version}`;
};

export const serves = (version: string, asked: string): boolean =>
  semver.prerelease(asked) === null ? semver.satisfies(version, rangeFor(asked)) : version === asked;

/** The same UUID for the same name for ever: version 8, of the SHA-256 of the name. */
export const serviceIdOf = (serviceFqn: string): string => {
  const bytes = createHash('sha256').update(serviceFqn).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};
