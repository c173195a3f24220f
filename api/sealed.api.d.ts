// What nestjs-redis-streams/sealed exports. Printed by `npm run api`, and compared in CI.

import type { PacketDeserializer, PacketSerializer } from 'nestjs-redis-streams';
import type { KeyObject } from 'node:crypto';

export interface InnerCodec {
  readonly serializer: PacketSerializer;
  readonly deserializer: PacketDeserializer;
}

export type KeySource = (
  id: string | undefined,
) => SealKey | undefined | Promise<SealKey | undefined>;

export interface OwnKey {
  readonly id: string;
  readonly privateKey: KeyObject | string;
}

export interface PublicKey {
  readonly id: string;
  readonly publicKey: KeyObject | string;
  readonly holder: string;
}

export type SealKey = SecretKey | OwnKey | PublicKey;

export interface SealedCodec {
  readonly serializer: PacketSerializer;
  readonly deserializer: PacketDeserializer;
}

export interface SealedOptions {
  readonly name: string;
  readonly keys: readonly SealKey[] | KeySource;
  readonly mode?: 'encrypt' | 'sign';
  readonly headers?: boolean;
  readonly codec?: InnerCodec;
  readonly tolerance?: number;
  readonly remember?: number;
  readonly operators?: readonly string[];
}

export interface SecretKey {
  readonly id: string;
  readonly secret: Uint8Array | string;
  readonly holder?: string;
}

export declare function sealed(options: SealedOptions): SealedCodec;
