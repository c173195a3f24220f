import type { HandlerExtras, RedisStreamsServerOptions } from 'nestjs-redis-streams';
import { onTestFinished } from 'vitest';
import { Forked } from '../../tools/forked.js';
import { builtLibrary, program } from './built-library.js';
import type { Named } from './programs/named.js';

export interface Report {
  readonly kind: 'listening' | 'failed' | 'started' | 'aborted' | 'finished' | 'ending';
  readonly key?: unknown;
  readonly deliveries?: number;
  readonly consumer?: string;
  readonly reason?: string;
}

/** Milliseconds until an instance must listen. */
const READY = 20_000;

// All files of the library are built before the first test, which takes a while on a busy machine.
beforeAll(() => void builtLibrary(), 120_000);

const isReport = (_message: unknown): _message is Report => true;

/** A service instance in a process of its own, which a test may kill, freeze or ask to end. */
export class Instance extends Forked {
  readonly reports: Report[] = [];

  private constructor(
    options: RedisStreamsServerOptions,
    handling: {
      readonly pattern: string;
      readonly extras: HandlerExtras;
      readonly named: Named | undefined;
    },
  ) {
    const given = JSON.stringify({ library: builtLibrary(), options, ...handling });
    super({ name: 'instance', program: program('instance'), args: [given] });
    this.process.on('message', (report) => this.reports.push(report as Report));
  }

  /** @param extras of all its handlers @param named names that it has instead of its own */
  static async start(
    options: RedisStreamsServerOptions,
    pattern = 'work',
    extras: HandlerExtras = {},
    named?: Named,
  ): Promise<Instance> {
    const instance = new Instance(options, { pattern, extras, named });
    onTestFinished(async () => void (await instance.kill()));
    const first = await instance.message(isReport, READY);
    if (first.kind !== 'listening') throw new Error(`not listening: ${JSON.stringify(first)}`);
    return instance;
  }

  of(kind: Report['kind']): Report[] {
    return this.reports.filter((report) => report.kind === kind);
  }

  keys(kind: Report['kind']): unknown[] {
    return this.of(kind).map(({ key }) => key);
  }

  finish(key: unknown): void {
    this.tell({ kind: 'finish', key });
  }
}
