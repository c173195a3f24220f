import { RpcException, type MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Clock } from '../engine/clock.js';
import { outside } from '../engine/outside.js';
import type { BatchOptions } from '../options/batch.js';
import { isA } from '../thrown.js';
import { ORIGINAL } from './original-error.js';
import { RedisStreamsBatchContext } from './redis-streams-batch.context.js';
import type { RedisStreamsContext } from './redis-streams.context.js';

/** A message that waits for its batch, or for the end of it. */
interface Member {
  readonly data: unknown;
  readonly context: RedisStreamsContext;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** Gathers the messages of a handler, and runs it once for all of them. Each gets its own result or error. */
export class Batches {
  private waiting: Member[] = [];
  private cancel: (() => void) | undefined;

  constructor(
    private readonly handler: MessageHandler,
    private readonly options: Required<BatchOptions>,
    private readonly clock: Clock,
  ) {}

  /** What takes the handler's place. */
  readonly run = (data: unknown, context: RedisStreamsContext): Promise<unknown> =>
    new Promise((resolve, reject) => {
      this.waiting.push({ data, context, resolve, reject });
      if (this.waiting.length >= this.options.size) this.begin();
      // No message's context counts for all: neither its deadline nor what it has put into `AsyncLocalStorage`.
      else this.cancel ??= outside(() => this.clock.after(this.options.ms, () => this.begin()));
    });

  private begin(): void {
    this.cancel?.();
    this.cancel = undefined;
    const all = this.waiting;
    this.waiting = [];
    const members = all.filter((member) => {
      const { signal } = member.context;
      if (signal.aborted) member.reject(signal.reason);
      return !signal.aborted;
    });
    if (members.length > 0) void outside(() => this.handle(members));
  }

  private async handle(members: readonly Member[]): Promise<void> {
    const context = new RedisStreamsBatchContext(members.map((each) => each.context));
    try {
      const data = members.map((each) => each.data);
      let results: unknown = await this.handler(data, context);
      if (isObservable(results))
        results = await lastValueFrom(results, { defaultValue: undefined });
      this.end(members, results);
    } catch (error) {
      for (const member of members) member.reject(error);
    }
  }

  private end(members: readonly Member[], results: unknown): void {
    if (!Array.isArray(results) || results.length !== members.length) {
      // Handlers of events need not say that all went well.
      if (results === undefined && this.handler.isEventHandler === true) {
        for (const member of members) member.resolve(undefined);
        return;
      }
      const error = asThrown(misfit(members, results));
      for (const member of members) member.reject(error);
      return;
    }
    for (const [i, member] of members.entries()) {
      const result: unknown = results[i];
      if (isA(result, Error)) member.reject(asThrown(result));
      else member.resolve(result);
    }
  }
}

function misfit(members: readonly Member[], results: unknown): Error {
  const got = Array.isArray(results) ? `a list of ${results.length}` : typeof results;
  const pattern = members[0]?.context.getPattern();
  return new Error(
    `the batch handler of ${pattern} returned ${got}, and not a list of ${members.length} results`,
  );
}

/** An error in a list of results, as Nest's filters would have left it if the handler had thrown it. */
function asThrown(error: Error): unknown {
  if (isA(error, RpcException)) {
    const said = error.getError();
    return typeof said === 'object' ? said : { status: 'error', message: said };
  }
  const sent = { status: 'error', message: 'Internal server error' };
  return Object.defineProperty(sent, ORIGINAL, { value: error });
}
