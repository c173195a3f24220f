import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { AbortMessage } from './messages.js';

/**
 * A signal that another thread fires. A function that computes without a pause never gets the message as an event; so
 * whoever asks `aborted` or calls `throwIfAborted` has the port looked at.
 */
export class ThreadSignal {
  private readonly controller = new AbortController();
  private isOpen = true;

  constructor(private readonly port: MessagePort) {
    port.on('message', (message: AbortMessage) => this.fire(message));
    const { signal } = this.controller;
    const isAborted = (): boolean => Reflect.get(AbortSignal.prototype, 'aborted', signal);
    Object.defineProperties(signal, {
      aborted: {
        get: () => {
          this.look();
          return isAborted();
        },
      },
      throwIfAborted: {
        value: () => {
          this.look();
          if (isAborted()) throw signal.reason;
        },
      },
    });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Fires no more. */
  close(): void {
    this.isOpen = false;
    this.port.close();
  }

  private look(): void {
    if (!this.isOpen) return;
    const received = receiveMessageOnPort(this.port);
    if (received !== undefined) this.fire(received.message as AbortMessage);
  }

  private fire({ name, message }: AbortMessage): void {
    this.controller.abort(Object.assign(new Error(message), { name }));
  }
}
