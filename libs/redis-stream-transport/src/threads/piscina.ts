import { createRequire } from 'node:module';
import { RedisStreamsError } from '../errors.js';

const PACKAGE = 'piscina';

/** What is used of the pool of `piscina`. */
export interface Pool {
  readonly threads: readonly unknown[];
  run(
    task: unknown,
    options: { readonly signal: AbortSignal; readonly transferList: readonly unknown[] },
  ): Promise<unknown>;
  destroy(): Promise<void>;
  on(event: 'error' | 'workerDestroy', told: (fact: unknown) => void): unknown;
}

/** Its options, as far as they are given. */
export interface PoolOptions {
  readonly filename: string;
  readonly minThreads: number;
  readonly maxThreads: number;
  readonly idleTimeout: number;
  /** Without it a thread stands still between two tasks, and notices only then what it did wrong. */
  readonly atomics: 'disabled';
  readonly recordTiming: boolean;
  readonly resourceLimits: { readonly maxOldGenerationSizeMb: number };
  readonly execArgv?: readonly string[];
}

type PoolClass = new (options: PoolOptions) => Pool;

/**
 * The class of the pool: an optional package.
 * @throws RedisStreamsError INVALID_OPTION if it is not installed
 */
export function loadPool(
  load: (name: string) => unknown = createRequire(import.meta.url),
): PoolClass {
  try {
    return (load(PACKAGE) as { readonly Piscina: PoolClass }).Piscina;
  } catch (cause) {
    const told = `threads need the package ${PACKAGE}, which is not installed: npm install ${PACKAGE}`;
    throw new RedisStreamsError('INVALID_OPTION', told, { cause });
  }
}
