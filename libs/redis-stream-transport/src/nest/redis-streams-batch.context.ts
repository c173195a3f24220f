import { BaseRpcContext } from '@nestjs/microservices';
import { RedisStreamsError } from '../errors.js';
import type { RedisStreamsContext } from './redis-streams.context.js';
import { THREADS, type ThreadShare } from './thread-room.js';

/** What a batch handler may know and do besides its data; inject it with `@Ctx()`. */
export class RedisStreamsBatchContext extends BaseRpcContext<[pattern: string]> {
  private controller: AbortController | undefined;

  /**
   * @param contexts one of each message, in the order of the data
   * @throws RedisStreamsError INVALID_OPTION: there is none
   */
  constructor(readonly contexts: readonly RedisStreamsContext[]) {
    const [first] = contexts;
    if (first === undefined)
      throw new RedisStreamsError('INVALID_OPTION', 'a batch has a message at least');
    super([first.getPattern()]);
  }

  /** @internal for the entry `./threads` */
  get [THREADS](): ThreadShare | undefined {
    return this.contexts[0]?.[THREADS];
  }

  /** The pattern, in Nest's normal form. */
  getPattern(): string {
    return this.args[0];
  }

  /** Fires when the signals of all messages have fired: nobody waits for any result. */
  get signal(): AbortSignal {
    this.controller ??= controllerOf(this.contexts.map(({ signal }) => signal));
    return this.controller.signal;
  }

  /** The facts of the entries, for logs: no data and no headers. */
  toJSON(): object {
    return { pattern: this.getPattern(), messages: this.contexts };
  }
}

function controllerOf(signals: readonly AbortSignal[]): AbortController {
  const controller = new AbortController();
  let open = signals.filter(({ aborted }) => !aborted).length;
  if (open === 0) controller.abort(signals[0]?.reason);
  for (const signal of signals) {
    if (signal.aborted) continue;
    const fired = (): void => {
      if (--open === 0) controller.abort(signal.reason);
    };
    signal.addEventListener('abort', fired, { once: true });
  }
  return controller;
}
