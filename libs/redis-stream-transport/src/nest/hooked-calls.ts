import type { ReadPacket } from '@nestjs/microservices';
import { RedisStreamsError } from '../errors.js';
import type { HookedCall } from '../options/call-hooks.js';
import { HookRun, type HookRunParts } from './hook-run.js';
import type { ReplyCallback } from './reply-sink.js';

export interface HookedCallsParts extends Omit<HookRunParts, 'ended'> {
  /** Calls that may be open at once, and as many events. */
  readonly maxPending: number;
}

/** Runs the hooks of a client around its calls and events. */
export class HookedCalls {
  /** What is open, from the first `before` until the application is told and no `before` runs. */
  private readonly runs = { call: new Set<HookRun>(), event: new Set<HookRun>() };
  private readonly parts: HookRunParts;

  constructor(private readonly bounds: HookedCallsParts) {
    this.parts = { ...bounds, ended: (run) => this.runs[run.view.kind].delete(run) };
  }

  /** Ends what waits in a `before` with CLOSED. What is sent is the engine's. */
  close(): void {
    for (const run of [...this.runs.call, ...this.runs.event]) {
      const { pattern } = run.view;
      run.stop(new RedisStreamsError('CLOSED', 'the client was closed', { pattern }));
    }
  }

  /**
   * @param begin makes the call; returns what cancels it
   * @returns what cancels it
   */
  call(
    packet: ReadPacket,
    callback: ReplyCallback,
    begin: (told: ReplyCallback) => () => void,
  ): () => void {
    try {
      return around(this.open(packet, 'call'), callback, begin);
    } catch (error) {
      callback({ err: error, isDisposed: true });
      return () => undefined;
    }
  }

  /**
   * @param store resolves when the event is stored
   * @throws RedisStreamsError OVERLOADED, HOOK_FAILED, CANCELLED, CLOSED
   */
  async event(packet: ReadPacket, store: () => Promise<void>): Promise<void> {
    const run = this.open(packet, 'event');
    try {
      await run.begin();
      run.send();
      await store();
      await run.succeeded(undefined);
    } catch (error) {
      await run.failed(error);
      throw error;
    } finally {
      run.over();
    }
  }

  private open(packet: ReadPacket, kind: HookedCall['kind']): HookRun {
    const { maxPending } = this.bounds;
    const run = new HookRun(this.parts, packet, kind);
    const open = this.runs[kind];
    if (open.size >= maxPending) {
      const { pattern } = run.view;
      const message = `the client has ${maxPending} ${kind}s open, with those whose hooks run`;
      throw new RedisStreamsError('OVERLOADED', message, { pattern });
    }
    open.add(run);
    return run;
  }
}

/** Runs the hooks of a call, and the call between them. Returns what cancels it. */
function around(
  run: HookRun,
  callback: ReplyCallback,
  begin: (told: ReplyCallback) => () => void,
): () => void {
  let isOver = false;
  let cancel = (): void => undefined;
  const end: ReplyCallback = (...told) => {
    if (isOver) return;
    isOver = true;
    run.over();
    callback(...told);
  };
  const fail = (error: unknown): void => {
    void run.failed(error).then(() => end({ err: error, isDisposed: true }));
  };
  const told: ReplyCallback = (reply, origin, call) => {
    run.view.callId ??= call?.callId;
    if (reply.err) return fail(reply.err);
    if (reply.response !== undefined) run.view.values++;
    if (reply.isDisposed !== true) return callback(reply, origin, call);
    run.succeeded(reply.response).then(() => end(reply, origin, call), fail);
  };
  const send = (): void => {
    if (isOver) return;
    run.send();
    cancel = begin(told);
  };
  run.begin().then(send).catch(fail);
  return () => {
    if (isOver) return;
    isOver = true;
    cancel();
    const { pattern } = run.view;
    const message = `nobody waits for ${pattern} any more`;
    const outcome = run.isSent ? 'may-have-run' : 'not-run';
    const error = new RedisStreamsError('CANCELLED', message, { pattern, outcome });
    void run.failed(error).then(() => run.over());
  };
}
