/** Why a sealed text does not open. `unknown_key`: it may be sound, but none of the ring's keys made it. */
export type SealFault = 'malformed' | 'unknown_key' | 'not_authentic';

const meaning: { readonly [F in SealFault]: string } = {
  malformed: 'is not a sealed text of a version that is known here',
  unknown_key: 'was sealed with a key that is not in the ring',
  not_authentic: 'was changed, or belongs to another context',
};

/** What was sealed cannot be had. The message names the context, never what was sealed nor the key. */
export class SealBroken extends Error {
  readonly code = 'SEAL_BROKEN';
  readonly fault: SealFault;
  constructor(fault: SealFault, context: string, options?: { readonly cause?: unknown }) {
    super(`The sealed text for ${context} ${meaning[fault]}.`, options);
    this.name = 'SealBroken';
    this.fault = fault;
  }
}
