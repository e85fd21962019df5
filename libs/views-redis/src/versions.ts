import semver from 'semver';

/** A prerelease is found only by whoever names it exactly. What is no version or no range matches nothing. */
export const matches = (version: string, range: string): boolean =>
  semver.prerelease(version) === null ? semver.satisfies(version, range) : version === range.replace(/^=\s?/, '');
