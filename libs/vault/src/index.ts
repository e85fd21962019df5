export { KeyDestroyed } from './key-destroyed.ts';
export { exportedKeys, KEY_EXPORT, sumOfKeyLine } from './key-export.ts';
export { type KeyRing, keyRing, type RandomBytes } from './key-ring.ts';
export {
  type EpochSummary,
  epochOf,
  type FoundKey,
  type KeyStore,
  type Rewrapping,
  type StoreUsage,
  type WrappedDataKey,
  type WrappedEpoch,
} from './key-store.ts';
export { masterKeyOf } from './key-wrapping.ts';
export { type ExportedStore, exportKeys, importKeys, type KeyRows, KeysConflict } from './move-keys.ts';
export { SealBroken } from './seal-broken.ts';
export { createVault, type KeyStatus, LASTING_EPOCH, type Rotation, type Vault, type VaultOptions } from './vault.ts';
