import { hash } from 'node:crypto';

/** A UUID (version 8: a hash of our own choosing) that depends on nothing but its arguments. */
export const derivedUuid = (purpose: string, commandId: string, index: number): string => {
  const bytes = hash('sha256', `signalbox/${purpose}/${index}/${commandId}`, 'buffer').subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};
