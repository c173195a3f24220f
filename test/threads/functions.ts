// What the tests of threads run in threads.
import { threadId } from 'node:worker_threads';
import { BadRequestException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { DeadLetter, RetryLater } from '../../libs/redis-stream-transport/src/nest/retry-later.js';
import type { ThreadContext } from 'nestjs-redis-streams/threads';

export interface Counted {
  /** Counts, as long as it runs. */
  readonly counter: SharedArrayBuffer;
  /** Milliseconds; default: until it is told to stop. */
  readonly ms?: number;
  /** Looks at its signal. */
  readonly looks?: boolean;
}

export class Refused extends Error {
  constructor(
    message: string,
    readonly details: { readonly left: number },
  ) {
    super(message);
    this.name = 'Refused';
  }
}

/** Computes without a pause. */
export function count(
  { counter, ms = Infinity, looks = false }: Counted,
  { signal }: ThreadContext,
): number {
  const cells = new Int32Array(counter);
  const end = performance.now() + ms;
  while (performance.now() < end) {
    Atomics.add(cells, 0, 1);
    if (looks) signal.throwIfAborted();
  }
  return Atomics.load(cells, 0);
}

/** Computes for so many milliseconds; returns in which thread. */
export function burn(ms: number): number {
  for (const end = performance.now() + ms; performance.now() < end;);
  return threadId;
}

/** Waits for its signal. */
export function wait(_data: unknown, { signal }: ThreadContext): Promise<string> {
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve((signal.reason as Error).message)),
  );
}

/** Answers late to its signal; without it, never. */
export function facts(data: unknown, context: ThreadContext): unknown {
  const { signal, remainingTime, ...known } = context;
  return { ...known, data, left: remainingTime(), aborted: signal.aborted, threadId };
}

export function crash(how: 'exit' | 'uncaught' | 'memory' | 'none'): string | Promise<never> {
  const kept: unknown[] = [];
  switch (how) {
    case 'exit':
      process.exit(3);
    case 'uncaught':
      setImmediate(() => {
        throw new Error('nobody catches this');
      });
      return new Promise<never>(() => {});
    case 'memory':
      for (;;) kept.push(Array.from({ length: 1000 }, (_, i) => ({ i })));
    case 'none':
      return 'done';
  }
}

export function fail(what: string): never {
  switch (what) {
    case 'retry':
      throw new RetryLater(5);
    case 'dead':
      throw new DeadLetter('not in a thousand years');
    case 'class':
      throw new Refused('no seats', { left: 2 });
    case 'text':
      throw 'just a text';
    case 'uncopied':
      throw Object.assign(new RangeError('too far'), { code: 'E_FAR', helper: () => 1 });
    case 'http':
      throw new BadRequestException('no date');
    case 'rpc':
      throw new RpcException({ code: 7 });
    default:
      throw new TypeError(what);
  }
}

export const uncopied = (): unknown => () => 1;

export async function* several(): AsyncGenerator<number> {
  yield await Promise.resolve(1);
}

export const square = (n: number): number => n * n;

/** For a batch: a result or an error for each number. */
export const squares = (numbers: readonly number[]): readonly unknown[] =>
  numbers.map((n) => (n < 0 ? new RangeError('below zero') : n * n));

export const notAFunction = 42;
