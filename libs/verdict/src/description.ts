import { type Candidate, readLine } from './candidate.ts';

export type Media = {
  /** `audio`, `video`, `application` */
  readonly kind: string;
  /** Port 0 and not merely bundled with another. */
  readonly isRejected: boolean;
  readonly setup: string | null;
};

/** What matters of an SDP to whether it can connect. */
export type Description = {
  readonly media: readonly Media[];
  readonly hasFingerprint: boolean;
  readonly hasIceCredentials: boolean;
  readonly ufrags: readonly string[];
  /** The first that is said, for the whole or for one of its sections. */
  readonly setup: string | null;
  /** Those within the SDP, where a client does not trickle; with an `end` if the SDP says that they are all. */
  readonly candidates: readonly Candidate[];
};

/** Null: it is none that can be read. It may be sealed end to end. */
export const readDescription = (text: string): Description | null => {
  const lines = unwrapped(text)
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim());
  if (lines[0] !== 'v=0' || !lines.some((line) => line.startsWith('m='))) return null;

  const all = (name: string) => lines.flatMap((line) => (line.startsWith(`a=${name}:`) ? [after(line)] : []));
  return {
    media: sectionsOf(lines).map(readMedia),
    hasFingerprint: all('fingerprint').length > 0,
    hasIceCredentials: all('ice-ufrag').length > 0 && all('ice-pwd').length > 0,
    ufrags: [...new Set(all('ice-ufrag'))],
    setup: all('setup')[0] ?? null,
    candidates: lines
      .filter((line) => line.startsWith('a=candidate:') || line === 'a=end-of-candidates')
      .map((line) => readLine(line)),
  };
};

const after = (line: string): string => line.slice(line.indexOf(':') + 1).trim();

/** Many clients send the whole RTCSessionDescription as JSON. */
const unwrapped = (text: string): string => {
  if (!text.trimStart().startsWith('{')) return text;
  try {
    const json: unknown = JSON.parse(text);
    const sdp = typeof json === 'object' && json !== null && 'sdp' in json ? json.sdp : undefined;
    return typeof sdp === 'string' ? sdp : text;
  } catch {
    return text; // no JSON: nor is it an SDP
  }
};

const sectionsOf = (lines: readonly string[]): readonly (readonly string[])[] => {
  const starts = lines.flatMap((line, index) => (line.startsWith('m=') ? [index] : []));
  return starts.map((start, index) => lines.slice(start, starts[index + 1]));
};

const readMedia = (lines: readonly string[]): Media => {
  const [kind = '', port = ''] = (lines[0] ?? '').slice(2).split(' ');
  const setup = lines.find((line) => line.startsWith('a=setup:'));
  return {
    kind,
    isRejected: port === '0' && !lines.includes('a=bundle-only'),
    setup: setup === undefined ? null : after(setup),
  };
};
