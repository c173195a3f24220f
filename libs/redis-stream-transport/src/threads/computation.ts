import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { RedisStreamsBatchContext } from '../nest/redis-streams-batch.context.js';
import type { RedisStreamsContext } from '../nest/redis-streams.context.js';
import type { ThreadRoom } from '../nest/thread-room.js';
import { property, thrownText } from '../thrown.js';
import {
  BEGUN,
  type AbortMessage,
  type TaskFacts,
  type ThreadAnswer,
  type ThreadTask,
} from './messages.js';
import type { Pool } from './piscina.js';
import { rebuildThrown, type ThrownClass } from './rebuild-thrown.js';
import { ThreadError, type ThreadErrorCode } from './thread-error.js';

/** The function to be run. */
export interface Target {
  readonly module: string;
  readonly name: string;
  readonly errors: readonly ThrownClass[];
}

export interface ComputationParts {
  readonly data: unknown;
  readonly context: RedisStreamsContext | RedisStreamsBatchContext;
  /** Threads that computations of the pattern may have at once. */
  readonly most: number;
}

interface ComputationHooks {
  /** It waits and runs no longer. */
  ended(computation: Computation): void;
}

const TOO_LONG: AbortMessage = {
  name: 'TimeoutError',
  message: 'the computation has taken as long as it may',
};

/** One call of a function in a thread. */
export class Computation {
  readonly result: Promise<unknown>;
  readonly pattern: string;
  readonly most: number;
  /** Its function runs, or has run. */
  hasBegun = false;
  private settle!: { resolve(value: unknown): void; reject(error: unknown): void };
  private hasEnded = false;
  private port: MessagePort | undefined;
  private answer: ThreadAnswer | undefined;
  /** Ends its thread. */
  private readonly terminator = new AbortController();
  /** Until its signal must fire, or after that its thread must end. */
  private timer: NodeJS.Timeout | undefined;
  /** Why its signal has fired. */
  private aborted: AbortMessage | undefined;

  constructor(
    private readonly target: Target,
    private readonly parts: ComputationParts,
    private readonly room: ThreadRoom,
    private readonly hooks: ComputationHooks,
  ) {
    this.pattern = parts.context.getPattern();
    this.most = parts.most;
    this.result = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
  }

  /** Follows the signal of its handler from now on. */
  followSignal(): void {
    const { signal } = this.parts.context;
    if (signal.aborted) this.onAbort();
    else signal.addEventListener('abort', this.onAbort);
  }

  start(pool: Pool): void {
    const { module, name } = this.target;
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    port1.on('message', (message: unknown) => this.told(message));
    const task: ThreadTask = {
      ...{ module, name, data: this.parts.data, port: port2 },
      facts: factsOf(this.parts.context),
    };
    const { signal } = this.terminator;
    pool.run(task, { signal, transferList: [port2] }).then(
      () => this.finished(),
      (error: unknown) => this.failed(error),
    );
  }

  /** It has no thread any more, and no result. */
  lose(cause: unknown): void {
    const text = `a thread of ${this.pattern} was lost: ${thrownText(cause)}`;
    if (!this.hasEnded) this.room.lost(this.pattern, text);
    this.fail('THREAD_LOST', text, cause);
    this.terminator.abort();
  }

  close(): void {
    this.fail('CLOSED', 'the server was closed while the computation ran');
  }

  private readonly onAbort = (): void => {
    const reason: unknown = this.parts.context.signal.reason;
    const name = property(reason, 'name') === 'TimeoutError' ? 'TimeoutError' : 'AbortError';
    this.abort({ name, message: thrownText(reason) });
  };

  /** Fires its signal; what has not begun ends at once, and what has is given a grace. */
  private abort(reason: AbortMessage): void {
    if (this.hasEnded || this.aborted !== undefined) return;
    this.aborted = reason;
    if (this.port === undefined) {
      this.fail(codeOf(reason), reason.message);
      return;
    }
    this.port.postMessage(reason, []);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.terminate(reason), this.room.options.grace);
  }

  private terminate(reason: AbortMessage): void {
    const { grace } = this.room.options;
    const text = `${reason.message}; the thread was ended ${grace} ms later`;
    this.room.lost(this.pattern, `a computation of ${this.pattern} did not stop: ${text}`);
    this.terminator.abort();
    this.fail(codeOf(reason), text);
  }

  private told(message: unknown): void {
    if (message !== BEGUN) {
      this.answer = message as ThreadAnswer;
      return;
    }
    this.hasBegun = true;
    const { timeout } = this.room.options;
    if (timeout === undefined || this.aborted !== undefined || this.hasEnded) return;
    this.timer = setTimeout(() => this.abort(TOO_LONG), timeout);
  }

  /** Its thread is free again; what it has posted before is there, though perhaps not told yet. */
  private finished(): void {
    for (;;) {
      const received = this.port && receiveMessageOnPort(this.port);
      if (received === undefined) break;
      this.told(received.message);
    }
    if (this.answer === undefined) this.lose(new Error('it has not answered'));
    else this.answered(this.answer);
  }

  private answered(answer: ThreadAnswer): void {
    switch (answer.kind) {
      case 'value':
        return this.end(() => this.settle.resolve(answer.value));
      case 'thrown': {
        const thrown = rebuildThrown(answer.thrown, this.target.errors);
        return this.end(() => this.settle.reject(thrown));
      }
      case 'unfit':
        return this.fail(answer.code, answer.message);
    }
  }

  /** The pool has no answer: data cannot be copied, or the thread has ended. */
  private failed(error: unknown): void {
    if (property(error, 'name') === 'DataCloneError') {
      const told = `the data cannot be copied between threads: ${thrownText(error)}`;
      this.fail('INVALID_MESSAGE', told);
    } else this.lose(error);
  }

  private fail(code: ThreadErrorCode, message: string, cause?: unknown): void {
    const { pattern } = this;
    this.end(() => this.settle.reject(new ThreadError(code, message, { pattern, cause })));
  }

  private end(settle: () => void): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    clearTimeout(this.timer);
    this.port?.close();
    this.parts.context.signal.removeEventListener('abort', this.onAbort);
    settle();
    this.hooks.ended(this);
  }
}

const codeOf = ({ name }: AbortMessage): ThreadErrorCode =>
  name === 'TimeoutError' ? 'TIMEOUT' : 'CANCELLED';

function factsOf(context: ComputationParts['context']): TaskFacts {
  const pattern = context.getPattern();
  if ('contexts' in context) return { pattern, ...factsOfBatch(context.contexts) };
  return {
    pattern,
    messageId: context.getMessageId(),
    callId: context.getCallId(),
    metadata: { ...context.getMetadata() },
    deliveryCount: context.getDeliveryCount(),
    remaining: context.remainingTime(),
  };
}

/** A batch has no id and no headers: those of one of its messages would be taken for those of all. */
function factsOfBatch(contexts: readonly RedisStreamsContext[]): Omit<TaskFacts, 'pattern'> {
  return {
    messageId: '',
    callId: undefined,
    metadata: {},
    deliveryCount: Math.max(...contexts.map((each) => each.getDeliveryCount())),
    remaining: Math.max(...contexts.map((each) => each.remainingTime())),
  };
}
