/** Where names and secrets come from: as many unpredictable bytes as asked for. */
export interface RandomBytes {
  bytes(count: number): Uint8Array;
}

/** 4 to 32 characters `a–z 0–9 . -`, a letter or digit at both ends. */
export const isCredentialName = (text: string): boolean => /^[a-z0-9][a-z0-9.-]{2,30}[a-z0-9]$/.test(text);

// 24 by 24 different words of at most 7 letters: with 16 digits and two dashes a name has at most 32 characters.
const adjectives =
  'amber brisk calm clear distant early even fair gentle keen late level ' +
  'lucid mellow noble placid prompt quiet rapid silver steady sunny swift vivid';
const nouns =
  'arch bell branch bridge cabin canal depot cutting ferry gantry halt harbour ' +
  'lamp lever meadow siding signal spur station tender track tunnel viaduct yard';

/** `adjective-noun-` and 16 hex digits. The words are for people; the 64 random bits keep names apart. */
export const newCredentialName = (random: RandomBytes): string => {
  const bytes = Buffer.from(random.bytes(16));
  const adjective = pick(adjectives, bytes.readUInt32BE(8));
  const noun = pick(nouns, bytes.readUInt32BE(12));
  return `${adjective}-${noun}-${bytes.toString('hex', 0, 8)}`;
};

/** 32 random bytes as 64 lower-case hex digits: what the owner of a credential is shown once. */
export const newSecret = (random: RandomBytes): string => Buffer.from(random.bytes(32)).toString('hex');

const pick = (words: string, at: number): string => {
  const list = words.split(' ');
  return list[at % list.length] as string;
};
