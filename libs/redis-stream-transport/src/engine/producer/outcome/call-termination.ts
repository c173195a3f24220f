import { RedisStreamsError, type CallOutcome } from '../../../errors.js';
import type { Clock } from '../../clock.js';
import type { OutcomeResolver } from './outcome-resolver.js';
import type { Call } from '../call.js';
import { unsafeOf } from '../sending/not-stored.js';

/** Milliseconds that the resolver may take. After them a call ends with what is known. */
const RESOLUTION = 150;

/** Why a call is given up. */
export type Reason = 'TIMEOUT' | 'CANCELLED';

export interface CallTerminationHooks {
  resolver(call: Call): OutcomeResolver;
  /** Whether the shard of the call can be used. */
  isUp(call: Call): boolean;
  /** Why nothing can be stored, if that is so. */
  obstacle(call: Call): Error | undefined;
  /** Closes the call without telling its sink. */
  remove(call: Call): void;
  fail(call: Call, error: RedisStreamsError): void;
}

/**
 * Ends calls that got no reply, and says whether they certainly did not run. A call that never left did not; one that
 * is on its way may have run; about one that is stored Redis is asked.
 */
export class CallTermination {
  constructor(
    private readonly clock: Clock,
    private readonly hooks: CallTerminationHooks,
  ) {}

  /** @param tell whether the sink is still to be told; if not, the application has stopped waiting */
  giveUp(call: Call, reason: Reason, tell: boolean): void {
    if (call.state === 'settled' || call.state === 'deciding') return;
    if (call.state === 'stored') {
      this.decide(call, tell, (outcome) => this.end(call, reason, outcome));
    } else if (tell) {
      this.end(call, reason, known(call), this.hooks.obstacle(call));
    } else {
      this.hooks.remove(call);
    }
  }

  /** Ends a call because its client closes. */
  close(call: Call, because: RedisStreamsError): Promise<void> {
    return new Promise((resolve) => {
      const end = (outcome: CallOutcome): void => {
        const { code, message } = because;
        this.hooks.fail(
          call,
          new RedisStreamsError(code, message, { pattern: call.pattern, outcome }),
        );
        resolve();
      };
      if (call.state === 'stored') this.decide(call, true, end);
      else end(known(call));
    });
  }

  /** Ends a call whose entry may be lost. A reply that arrives while Redis is asked still counts. */
  unsafe(call: Call, why: Error): void {
    if (call.state !== 'stored') return;
    const what = `a call of ${call.pattern}`;
    this.decide(call, true, (outcome) => this.hooks.fail(call, unsafeOf(call, outcome, what, why)));
  }

  /** Waits for questions to be answered, but no longer than one question may take. */
  async within(asked: readonly Promise<void>[]): Promise<void> {
    let cancel: () => void = () => undefined;
    const limit = new Promise<void>((resolve) => {
      cancel = this.clock.after(RESOLUTION, resolve);
    });
    await Promise.race([Promise.all(asked), limit]);
    cancel();
  }

  /** Asks Redis what became of the call. With `tell`, a reply that arrives first still counts. */
  private decide(call: Call, tell: boolean, ended: (outcome: CallOutcome) => void): void {
    const resolver = this.hooks.resolver(call);
    if (!tell) {
      this.hooks.remove(call);
      resolver.ask(call, () => undefined);
      return;
    }
    call.state = 'deciding';
    const decided = (outcome: CallOutcome): void => {
      cancelTimer();
      ended(outcome);
    };
    const cancelTimer = this.clock.after(RESOLUTION, () => decided('may-have-run'));
    resolver.ask(call, decided);
  }

  private end(call: Call, reason: Reason, outcome: CallOutcome, obstacle?: Error): void {
    const { pattern, copies, request } = call;
    if (reason === 'CANCELLED') {
      const message = `the call of ${pattern} was cancelled`;
      this.hooks.fail(call, new RedisStreamsError(reason, message, { pattern, outcome }));
      return;
    }
    const unreached = copies === 0 && call.state !== 'writing' && !this.hooks.isUp(call);
    const code = unreached ? 'NOT_CONNECTED' : reason;
    const what = unreached
      ? `Redis was not reached in time for a call of ${pattern}`
      : `${missing(call)} of ${pattern} within ${request.idle || request.timeout} ms`;
    const message = obstacle === undefined ? what : `${what}: ${obstacle.message}`;
    const facts = { pattern, outcome, cause: obstacle };
    this.hooks.fail(call, new RedisStreamsError(code, message, facts));
  }
}

/** Names what did not come in time. */
function missing({ state }: Call): string {
  if (state === 'writing') return 'no data to send for a call';
  return state === 'reading' ? 'no answer of the deserializer for a reply' : 'no reply';
}

/** What can be said of a call without asking Redis. */
function known({ state, tainted }: Call): CallOutcome {
  return state === 'writing' || (state === 'queued' && !tainted) ? 'not-run' : 'may-have-run';
}
