export { sealed, type SealedCodec } from './sealed.js';
export type { SealedOptions } from './sealed-options.js';
export type { InnerCodec } from './content.js';
export type { KeySource } from './key-store.js';
export type { OwnKey, PublicKey, SealKey, SecretKey } from './seal-key.js';
