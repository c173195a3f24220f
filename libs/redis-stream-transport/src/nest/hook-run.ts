import type { ReadPacket } from '@nestjs/microservices';
import { onAbort, type AbortListener } from '../engine/abort-listeners.js';
import type { Clock } from '../engine/clock.js';
import type { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import { RedisStreamsError, type CallOutcome } from '../errors.js';
import type { CallHooks, HookedCall } from '../options/call-hooks.js';
import { headers } from '../options/headers.js';
import { patternText } from '../protocol/pattern.js';
import { property, thrownText, type Thrown } from '../thrown.js';
import { LateData } from './late-data.js';
import { refuseAborted } from './outgoing.js';
import { RedisStreamsRecord } from './redis-streams.record.js';

export interface HookRunParts {
  /** In the order of `before`; `after` and `error` go the other way. */
  readonly hooks: readonly CallHooks[];
  /** Milliseconds that one hook may take. */
  readonly within: number;
  readonly clock: Clock;
  readonly logger: RateLimitedLogger;
  /** The run is over, and none of its `before` is under way. */
  ended(this: void, run: HookRun): void;
}

const PLACE = { owner: 'Hooks of ClientRedisStreams' };

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
export class HookRun {
  readonly view: View;
  /** Whether the call was handed to the engine, so that its handler may have run. */
  isSent = false;
  /** Those that are to be told of the end, the last that was entered first. */
  private readonly entered: CallHooks[] = [];
  /** What the call has failed with, so that a `before` that ends later is told too. */
  private failure: Thrown | undefined;
  private isOver = false;
  private isEntering = false;
  private refuse: ((error: unknown) => void) | undefined;
  private abortListener: AbortListener | undefined;

  constructor(
    private readonly parts: HookRunParts,
    private readonly packet: ReadPacket<unknown>,
    kind: HookedCall['kind'],
  ) {
    this.view = new View(packet, kind, parts.clock);
  }

  /**
   * Runs every `before`. Rejects at once with what the run is stopped with; a `before` that is under way then goes on.
   * @throws RedisStreamsError HOOK_FAILED, CANCELLED
   */
  begin(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.refuse = reject;
      this.followSignal();
      this.isEntering = true;
      const entered = (): void => {
        this.isEntering = false;
        this.tellEnded();
      };
      this.enter().finally(entered).then(resolve, reject);
    });
  }

  /** Ends what is not sent yet: it will not be sent. */
  stop(error: RedisStreamsError): void {
    if (this.isSent) return;
    this.failure ??= { value: error };
    this.refuse?.(error);
  }

  /** From here on the engine has the call. @throws what the run was stopped with since its last `before` */
  send(): void {
    if (this.failure !== undefined) throw this.failure.value;
    this.isSent = true;
    this.abortListener?.release();
  }

  /** The application is told now, or waits no longer. */
  over(): void {
    this.isOver = true;
    this.abortListener?.release();
    this.tellEnded();
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

  private async enter(): Promise<void> {
    for (const hook of this.parts.hooks) {
      if (hook.before !== undefined) await this.run(hook, 'before', undefined, 'not-run');
      this.entered.unshift(hook);
      if (this.failure !== undefined) return this.failed(this.failure.value);
    }
    this.takeHeaders();
  }

  /** The engine follows it once the call is sent. @throws RedisStreamsError CANCELLED: it has fired already */
  private followSignal(): void {
    const { data } = this.packet;
    const signal = data instanceof RedisStreamsRecord ? data.options?.signal : undefined;
    // One of another kind is refused where the call is sent.
    if (typeof property(signal, 'addEventListener') !== 'function') return;
    const { kind, pattern } = this.view;
    const what = kind === 'call' ? 'a call' : 'an event';
    refuseAborted(signal, what, pattern);
    const message = `the signal of ${what} of ${pattern} was aborted while its hooks ran`;
    this.abortListener = onAbort(signal as AbortSignal, () =>
      this.stop(new RedisStreamsError('CANCELLED', message, { pattern })),
    );
  }

  private tellEnded(): void {
    if (this.isOver && !this.isEntering) this.parts.ended(this);
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
    try {
      // A hook may have put anything in their place.
      const own = headers.read(this.view.headers, 'headers', PLACE);
      if (Object.keys(own).length === 0) return;
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
