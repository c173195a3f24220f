import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../../tools/repository.js';

/** The vectors of one file of `spec/vectors`. */
export function vectorsOf<V>(file: string): readonly V[] {
  const path = join(repository, 'spec', 'vectors', file);
  return (JSON.parse(readFileSync(path, 'utf8')) as { vectors: V[] }).vectors;
}

/** A value as the vectors write it, see spec/README.md. */
export type Written =
  | readonly ['null' | 'nothing']
  | readonly ['boolean', boolean]
  | readonly ['number', number | string]
  | readonly ['text' | 'bytes' | 'bigint', string]
  | readonly ['date', string | null]
  | readonly ['list' | 'set', readonly Written[]]
  | readonly ['object', readonly (readonly [string, Written])[]]
  | readonly ['map', readonly (readonly [Written, Written])[]];

/** The value that is meant. */
export function valueOf(written: Written): unknown {
  switch (written[0]) {
    case 'null':
      return null;
    case 'nothing':
      return undefined;
    case 'number':
      return Number(written[1]);
    case 'bigint':
      return BigInt(written[1]);
    case 'date':
      return new Date(written[1] ?? Number.NaN);
    case 'bytes':
      return Buffer.from(written[1], 'hex');
    case 'list':
      return written[1].map(valueOf);
    case 'set':
      return new Set(written[1].map(valueOf));
    case 'map':
      return new Map(written[1].map(([key, value]) => [valueOf(key), valueOf(value)]));
    case 'object':
      return Object.fromEntries(written[1].map(([key, value]) => [key, valueOf(value)]));
    default:
      return written[1];
  }
}
