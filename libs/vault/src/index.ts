export { KeyDestroyed } from './key-destroyed.ts';
export { type KeyRing, keyRing, type RandomBytes } from './key-ring.ts';
export {
  type EpochSummary,
  epochOf,
  type FoundKey,
  type KeyStore,
  type Rewrapping,
  type WrappedDataKey,
  type WrappedEpoch,
} from './key-store.ts';
export { exportKeys, importKeys, type KeyRows, KeysConflict } from './move-keys.ts';
export { SealBroken } from './seal-broken.ts';
export { createVault, type KeyStatus, LASTING_EPOCH, type Rotation, type Vault, type VaultOptions } from './vault.ts';
