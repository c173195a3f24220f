import { channel } from 'node:diagnostics_channel';

/** Before the names of channels. */
export const CHANNEL_PREFIX = 'nestjs-redis-streams:';

export type Listener<Message> = (message: Message) => unknown;

/**
 * Tells one kind of message to the listeners of one client or server, and to the channel of the whole process. Ask
 * `isHeard` before making a message: without a listener that costs a few nanoseconds, and a message would cost hundreds.
 */
export class Topic<Message extends object> {
  private readonly channel;
  private listeners: readonly Listener<Message>[] = [];

  /** @param complain gets what a listener throws: it must not stop the others, let alone the engine */
  constructor(
    name: string,
    private readonly complain: (error: unknown) => void,
  ) {
    this.channel = channel(CHANNEL_PREFIX + name);
  }

  get isHeard(): boolean {
    return this.listeners.length > 0 || this.channel.hasSubscribers;
  }

  add(listener: Listener<Message>): void {
    this.listeners = [...this.listeners, listener];
  }

  /** Node itself deals with what a subscriber of the channel throws: as an uncaught exception, after this. */
  tell(message: Message): void {
    for (const listener of this.listeners) {
      try {
        const told = listener(message);
        if (told instanceof Promise) told.catch(this.complain);
      } catch (error) {
        this.complain(error);
      }
    }
    this.channel.publish(message);
  }
}
