/** One string for both, which no other pair has. */
export const pairName = (first: string, second: string): string => `${first.length}:${first}${second}`;
