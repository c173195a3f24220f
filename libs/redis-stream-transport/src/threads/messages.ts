import type { MessagePort } from 'node:worker_threads';

/** What a thread is given. */
export interface ThreadTask {
  /** URL of the module. */
  readonly module: string;
  /** Of the export. */
  readonly name: string;
  readonly data: unknown;
  readonly facts: TaskFacts;
  /** Takes why the signal fires; tells that the task has begun, and then the answer. */
  readonly port: MessagePort;
}

/** What is known of the message that a task belongs to. */
export interface TaskFacts {
  readonly pattern: string;
  readonly messageId: string;
  readonly callId: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly deliveryCount: number;
  /** Milliseconds from the start of the task to the deadline; Infinity without one. */
  readonly remaining: number;
}

/** Why a signal fires: name and message of its reason. */
export interface AbortMessage {
  readonly name: string;
  readonly message: string;
}

/** The task has begun. */
export const BEGUN = 'begun';

/** What a thread answers. */
export type ThreadAnswer =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'thrown'; readonly thrown: ThrownInThread }
  /** The function cannot be run, or gives what a thread cannot give. */
  | {
      readonly kind: 'unfit';
      readonly code: 'INVALID_OPTION' | 'INVALID_MESSAGE';
      readonly message: string;
    };

/** What a function threw, as it can be copied to another thread. */
export type ThrownInThread =
  | { readonly kind: 'error'; readonly error: ThrownError }
  | {
      readonly kind: 'retry-later';
      readonly delayMs: number | undefined;
      readonly error: ThrownError;
    }
  | { readonly kind: 'dead-letter'; readonly error: ThrownError }
  /** An `RpcException`, and what it holds. */
  | { readonly kind: 'rpc'; readonly held: unknown }
  /** One of Nest's exceptions for HTTP. */
  | { readonly kind: 'http'; readonly response: unknown; readonly status: number }
  /** No error. */
  | { readonly kind: 'value'; readonly value: unknown };

export interface ThrownError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Own properties, as far as they can be copied. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** No further attempt can succeed. */
  readonly final: boolean;
}
