import type { Random } from '../kit/random.mjs';
import type { Passage } from './passage.mjs';

export class Proxy {
  constructor(port: number, random: Random);
  readonly passages: ReadonlySet<Passage>;
  /** An address for the process of this name. */
  listen(name: string): Promise<number>;
  /** From now on every new connection is treated so. */
  greet(treat: (passage: Passage) => void): void;
  of(name: string, role?: string): Passage[];
  names(role?: string): string[];
  close(): Promise<void>;
}
