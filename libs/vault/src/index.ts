export { type KeyRing, keyRing, type RandomBytes } from './key-ring.ts';
export { SealBroken } from './seal-broken.ts';
