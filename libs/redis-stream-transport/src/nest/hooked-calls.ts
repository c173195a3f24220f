import type { ReadPacket } from '@nestjs/microservices';
import type { Clock } from '../engine/clock.js';
import type { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import { RedisStreamsError, type CallOutcome } from '../errors.js';
import type { CallHooks, HookedCall } from '../options/call-hooks.js';
import { headers } from '../options/headers.js';
import { patternText } from '../protocol/pattern.js';
import { property, thrownText, type Thrown } from '../thrown.js';
import { LateData } from './late-data.js';
import { RedisStreamsRecord } from './redis-streams.record.js';
import type { ReplyCallback } from './reply-sink.js';

export interface HookedCallsParts {
  /** In the order of `before`; `after` and `error` go the other way. */
  readonly hooks: readonly CallHooks[];
  /** Milliseconds that one hook may take. */
  readonly within: number;
  readonly clock: Clock;
  readonly logger: RateLimitedLogger;
}

const PLACE = { owner: 'Hooks of ClientRedisStreams' };

/** Runs the hooks of a client around its calls and events. */
export class HookedCalls {
  constructor(private readonly parts: HookedCallsParts) {}

  /**
   * @param begin makes the call; returns what cancels it
   * @returns what cancels it
   */
  call(
    packet: ReadPacket,
    callback: ReplyCallback,
    begin: (told: ReplyCallback) => () => void,
  ): () => void {
    const run = new HookRun(this.parts, packet, 'call');
    let isOver = false;
    let cancel = (): void => undefined;
    const end = (tell: () => void): void => {
      if (isOver) return;
      isOver = true;
      tell();
    };
    const fail = (error: unknown): void => {
      void run.failed(error).then(() => end(() => callback({ err: error, isDisposed: true })));
    };
    const told: ReplyCallback = (reply, origin, call) => {
      run.view.callId ??= call?.callId;
      if (reply.err) return fail(reply.err);
      if (reply.response !== undefined) run.view.values++;
      if (reply.isDisposed !== true) return callback(reply, origin, call);
      run.succeeded(reply.response).then(() => end(() => callback(reply, origin, call)), fail);
    };
    run.begin().then(() => {
      if (!isOver) cancel = begin(told);
    }, fail);
    return () =>
      end(() => {
        cancel();
        const { pattern } = run.view;
        const message = `nobody waits for ${pattern} any more`;
        const outcome = 'may-have-run';
        void run.failed(new RedisStreamsError('CANCELLED', message, { pattern, outcome }));
      });
  }

  /** @param store resolves when the event is stored */
  async event(packet: ReadPacket, store: () => Promise<void>): Promise<void> {
    const run = new HookRun(this.parts, packet, 'event');
    try {
      await run.begin();
      await store();
      await run.succeeded(undefined);
    } catch (error) {
      await run.failed(error);
      throw error;
    }
  }
}

/** The call as its hooks see it. */
class View implements HookedCall {
  readonly headers: Record<string, string> = {};
  readonly pattern: string;
  readonly data: unknown;
  callId: string | undefined;
  values = 0;
  readonly #clock: Clock;
  readonly #startedAt: number;

  constructor(
    { pattern, data }: ReadPacket<unknown>,
    readonly kind: HookedCall['kind'],
    clock: Clock,
  ) {
    this.pattern = nameOf(pattern);
    const sent = data instanceof RedisStreamsRecord ? (data.data as unknown) : data;
    this.data = sent instanceof LateData ? undefined : sent;
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  get took(): number {
    return this.#clock.now() - this.#startedAt;
  }
}

/** The hooks around one call. */
class HookRun {
  readonly view: View;
  /** Those that are to be told of the end, the last that was entered first. */
  private readonly entered: CallHooks[] = [];
  /** What the call has failed with, so that a `before` that ends later is told too. */
  private failure: Thrown | undefined;

  constructor(
    private readonly parts: HookedCallsParts,
    private readonly packet: ReadPacket,
    kind: HookedCall['kind'],
  ) {
    this.view = new View(packet, kind, parts.clock);
  }

  /** Runs every `before`. @throws RedisStreamsError HOOK_FAILED */
  async begin(): Promise<void> {
    for (const hook of this.parts.hooks) {
      if (hook.before !== undefined) await this.run(hook, 'before', undefined, 'not-run');
      this.entered.unshift(hook);
      if (this.failure !== undefined) return this.failed(this.failure.value);
    }
    this.takeHeaders();
  }

  /** Runs every `after`. @throws RedisStreamsError HOOK_FAILED */
  async succeeded(value: unknown): Promise<void> {
    // One whose `after` has run, or has failed, is not told of the failure of another.
    for (let hook = this.entered.shift(); hook !== undefined; hook = this.entered.shift()) {
      if (hook.after !== undefined) await this.run(hook, 'after', value, 'may-have-run');
    }
  }

  /** Runs every `error` that was not run yet. Never rejects. */
  async failed(error: unknown): Promise<void> {
    this.failure ??= { value: error };
    for (const hook of this.entered.splice(0)) {
      if (hook.error === undefined) continue;
      try {
        await this.run(hook, 'error', error, 'may-have-run');
      } catch (failure) {
        const { pattern } = this.view;
        const line = thrownText(failure);
        this.parts.logger.error(`HOOK_FAILED ${pattern.slice(0, 100)}`, line);
      }
    }
  }

  private async run(
    hook: CallHooks,
    name: keyof CallHooks,
    what: unknown,
    outcome: CallOutcome,
  ): Promise<void> {
    try {
      const done = hook[name]?.(this.view, what);
      if (isThenable(done)) await this.inTime(done);
    } catch (cause) {
      throw this.hookFailed(name, cause, outcome);
    }
  }

  private takeHeaders(): void {
    if (Object.keys(this.view.headers).length === 0) return;
    try {
      const own = headers.read(this.view.headers, 'headers', PLACE);
      this.packet.metadata = { ...this.packet.metadata, ...own };
    } catch (cause) {
      throw this.hookFailed('before', cause, 'not-run');
    }
  }

  private hookFailed(name: string, cause: unknown, outcome: CallOutcome): RedisStreamsError {
    const { pattern } = this.view;
    const message = `the hook "${name}" of ${pattern} failed: ${thrownText(cause)}`;
    return new RedisStreamsError('HOOK_FAILED', message, { outcome, pattern, cause });
  }

  private inTime(work: PromiseLike<unknown>): Promise<void> {
    const { clock, within } = this.parts;
    return new Promise((resolve, reject) => {
      const cancel = clock.after(within, () => {
        reject(new Error(`it has not ended within ${within} ms`));
      });
      const settled = Promise.resolve(work).finally(cancel);
      settled.then(() => resolve(), reject);
    });
  }
}

/** An unfit pattern is refused where it is sent. */
function nameOf(pattern: unknown): string {
  try {
    return patternText(pattern);
  } catch {
    return typeof pattern;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof property(value, 'then') === 'function';
}
