import { lastValueFrom, Observable } from 'rxjs';
import type { AnyClientProxy } from './any-client-proxy.js';
import { ClientRedisStreams } from '../../nest/client-redis-streams.js';
import { LateData } from '../../nest/late-data.js';
import { RedisStreamsRecord } from '../../nest/redis-streams.record.js';
import type { RecordOptions } from '../../options/index.js';
import type { ContractDefinition, MethodDefinition } from '../declare/definition.js';
import { errorOf } from './fault.js';
import { MethodArguments } from '../validate/method-arguments.js';
import { readResult } from './method-result.js';
import { fromRich, toRich } from '../wire/rich-json.js';
import { StreamedReply } from '../../nest/streamed-reply.js';
import { StreamRecord, type Pace } from '../../nest/stream-record.js';

type Options = RecordOptions | undefined;

/** May refuse calls, or let them wait, before anything is sent. */
export interface Gate {
  admit(): Promise<void> | undefined;
}

/** Checks arguments before they are sent. */
export interface ArgumentCheck {
  outgoing(given: readonly unknown[]): readonly unknown[] | Promise<readonly unknown[]>;
}

/** What may stand between a caller and the wire. */
export interface MethodCallsParts {
  /** Default: none, and every call is sent at once. */
  readonly gate?: Gate | undefined;
  /** Default: the checks of the contract. */
  readonly args?: ArgumentCheck;
}

/** Calls of one method of a contract through a client proxy. */
export class MethodCalls {
  private readonly gate: Gate | undefined;
  private readonly args: ArgumentCheck;

  constructor(
    private readonly contract: ContractDefinition,
    private readonly method: MethodDefinition,
    private readonly proxy: AnyClientProxy,
    { gate, args = new MethodArguments(method, contract.validation) }: MethodCallsParts = {},
  ) {
    this.gate = gate;
    this.args = args;
  }

  start(args: readonly unknown[], options: Options): Promise<unknown> | StreamedReply<unknown> {
    switch (this.method.kind) {
      case 'command':
        return this.command(args, options);
      case 'event':
        return this.event(args, options);
      case 'streamed':
        return this.streamed(args, options);
    }
  }

  private async command(args: readonly unknown[], options: Options): Promise<unknown> {
    const { pattern, returns } = this.method;
    const data = await this.data(args, options);
    try {
      // A handler that returns nothing sends none.
      const reply = this.proxy.send<unknown>(pattern, data);
      const value = await lastValueFrom(reply, { defaultValue: undefined });
      return await readResult(fromRich(value), returns());
    } catch (error) {
      throw this.failure(error);
    }
  }

  private async event(args: readonly unknown[], options: Options): Promise<void> {
    const data = await this.data(args, options);
    try {
      await lastValueFrom(this.proxy.emit<unknown>(this.method.pattern, data), {
        defaultValue: undefined,
      });
    } catch (error) {
      throw this.failure(error);
    }
  }

  private streamed(args: readonly unknown[], options: Options): StreamedReply<unknown> {
    return new StreamedReply<unknown>((observer, pace) => {
      let stop: () => void = () => undefined;
      let stopped = false;
      const fail = (error: unknown): void => observer.error(error);
      this.data(args, options).then((data) => {
        if (stopped) return;
        const subscription = this.values(data, pace).subscribe(observer);
        stop = () => subscription.unsubscribe();
      }, fail);
      return () => {
        stopped = true;
        stop();
      };
    });
  }

  /** The values of a sent call, each read before the next. */
  private values(data: unknown, pace: Pace | undefined): Observable<unknown> {
    const { pattern, returns } = this.method;
    const waits = this.proxy instanceof ClientRedisStreams;
    const sent = waits ? new StreamRecord(data, pace) : data;
    return new Observable((observer) => {
      // Making an instance may have to wait for a package; later values must not overtake.
      let queue: Promise<unknown> | undefined;
      const inTurn = (step: () => void): void => {
        if (queue === undefined) step();
        else queue = queue.then(step);
      };
      const tell = (value: unknown): void => observer.next(value);
      const fail = (error: unknown): void => observer.error(this.failure(error));
      return this.proxy.send<unknown>(pattern, sent).subscribe({
        next: (value) => {
          try {
            const read = readResult(fromRich(value), returns());
            if (read instanceof Promise)
              queue = (queue ?? Promise.resolve()).then(() => read).then(tell, fail);
            else inTurn(() => tell(read));
          } catch (error) {
            fail(error);
          }
        },
        error: (error: unknown) => inTurn(() => fail(error)),
        complete: () => inTurn(() => observer.complete()),
      });
    });
  }

  /**
   * The data for the proxy. The gate comes first, and takes two seconds at most. While an asynchronous check runs,
   * this transport has the call on its books already, so its timeout, its signal and `close()` apply; on other
   * transports the call begins after the check. Nothing is sent if the gate or a check fails.
   */
  private async data(args: readonly unknown[], options: Options): Promise<unknown> {
    const admitted = this.gate?.admit();
    if (admitted !== undefined) await admitted;
    const checked = this.args.outgoing(args);
    let data: unknown;
    if (!(checked instanceof Promise)) data = toRich(checked);
    else if (this.proxy instanceof ClientRedisStreams) data = new LateData(checked.then(toRich));
    else data = toRich(await checked);
    return options === undefined ? data : new RedisStreamsRecord(data, options);
  }

  private failure(error: unknown): unknown {
    return errorOf(error, this.method.pattern, this.contract.errors);
  }
}
