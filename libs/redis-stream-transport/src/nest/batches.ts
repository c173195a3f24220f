import { IntrinsicException } from '@nestjs/common';
import { RpcException, type MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Clock } from '../engine/clock.js';
import {
  currentScope,
  runInScope,
  sharedScope,
  type DeadlineScope,
} from '../engine/deadline-scope.js';
import { outside } from '../engine/outside.js';
import type { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import type { BatchOptions } from '../options/batch.js';
import { visible } from '../protocol/visible.js';
import { isA, thrownStory } from '../thrown.js';
import { NeverRan } from './never-ran.js';
import { noteThrown } from './original-error.js';
import { RedisStreamsBatchContext } from './redis-streams-batch.context.js';
import type { RedisStreamsContext } from './redis-streams.context.js';

/** A message that waits for its batch, or for the end of it. */
interface Member {
  readonly data: unknown;
  readonly context: RedisStreamsContext;
  readonly scope: DeadlineScope | undefined;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** Gathers the messages of a handler, and runs it once for all of them. Each gets its own result or error. */
export class Batches {
  private readonly waiting = new Set<Member>();
  private cancel: (() => void) | undefined;

  constructor(
    private readonly handler: MessageHandler,
    private readonly options: Required<BatchOptions>,
    private readonly clock: Clock,
    private readonly logger: Pick<RateLimitedLogger, 'error'>,
  ) {}

  /** What takes the handler's place. */
  readonly run = (data: unknown, context: RedisStreamsContext): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const { signal } = context;
      const member = { data, context, scope: currentScope(), resolve, reject };
      this.waiting.add(member);
      if (signal.aborted) {
        this.left(member);
        return;
      }
      signal.addEventListener('abort', () => this.left(member), { once: true });
      if (this.waiting.size >= this.options.size) this.begin();
      // No message's context counts for all: neither its deadline nor what it has put into `AsyncLocalStorage`.
      else this.cancel ??= outside(() => this.clock.after(this.options.ms, () => this.begin()));
    });

  /** Nobody waits for it any more. A timer that no message needs would keep the process alive. */
  private left(member: Member): void {
    if (!this.waiting.delete(member)) return;
    member.reject(new NeverRan());
    if (this.waiting.size === 0) this.stopTimer();
  }

  private stopTimer(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  private begin(): void {
    this.stopTimer();
    const members = [...this.waiting];
    this.waiting.clear();
    // Calls that it makes are calls of every message: all of them lend their slots meanwhile.
    const scope = sharedScope(members.map((each) => each.scope));
    void outside(() => runInScope(scope, () => this.handle(members)));
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
    // Handlers of events need not say that all went well.
    const isSilent = results === undefined && this.handler.isEventHandler === true;
    const list = isSilent ? members.map(() => undefined) : listOf(members, results);
    this.log(members, list);
    for (const [i, member] of members.entries()) {
      const result = list[i];
      if (isA(result, Error)) {
        noteThrown(member.context, result);
        member.reject(asThrown(result));
      } else member.resolve(result);
    }
  }

  /** One line for all errors that Nest's filters would have logged if they had been thrown. */
  private log(members: readonly Member[], list: readonly unknown[]): void {
    const unknown = list.filter(
      (one) => isA(one, Error) && !isA(one, RpcException) && !isA(one, IntrinsicException),
    );
    const [first] = unknown;
    if (first === undefined) return;
    const pattern = visible(String(members[0]?.context.getPattern()));
    this.logger.error(`BATCH_FAILED ${pattern}`, () => {
      const many = `${unknown.length} of the ${list.length} messages of a batch failed`;
      return { text: `${pattern}: ${many}: ${thrownStory(first)}`, facts: { pattern } };
    });
  }
}

/** One result for each message: the same error where the handler has returned anything else. */
function listOf(members: readonly Member[], results: unknown): readonly unknown[] {
  if (Array.isArray(results) && results.length === members.length) return results;
  const got = Array.isArray(results) ? `a list of ${results.length}` : typeof results;
  const told = `the batch handler returned ${got}, and not a list of ${members.length} results`;
  const error = new Error(told);
  return members.map(() => error);
}

/** What the caller is told of an error in a list of results: the same as if the handler had thrown it. */
function asThrown(error: Error): unknown {
  if (!isA(error, RpcException)) return { status: 'error', message: 'Internal server error' };
  const said = error.getError();
  return typeof said === 'object' ? said : { status: 'error', message: said };
}
