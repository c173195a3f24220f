import { pause, systemClock } from '../../engine/clock.js';
import { RedisStreamsError } from '../../errors.js';
import { CommandFailure } from '../../redis/failure.js';
import type { DirectoryStore } from './directory-store.js';

/** Longest pause between two looks for reports, in milliseconds; it doubles from 1. */
const LONGEST_PAUSE = 50;
/** Milliseconds that a connection is waited for. */
const PATIENCE = 5000;

/** An instance of a service, as it was announced last. */
export interface ServiceInstance {
  /** The consumer: used once, never again. */
  readonly id: string;
  readonly group: string;
  /** Names the document that describes the service; undefined if it has none. */
  readonly document: string | undefined;
  /** What it says. */
  readonly about: unknown;
  /**
   * Milliseconds by Redis' clock from the question to what it said then; undefined if it was not asked, or
   * did not answer in time.
   */
  readonly answeredAfter: number | undefined;
}

/**
 * The services that servers announce: which instances offer them now, and what these say. Every method connects the
 * client if need be, and rejects with RedisStreamsError NOT_CONNECTED or REDIS.
 */
export class ServiceDirectory {
  constructor(private readonly connected: () => Promise<DirectoryStore>) {}

  /** Names of services with a live instance, 1,000 at most, sorted. */
  names(): Promise<string[]> {
    return this.ask(async (store) => (await store.services()).toSorted());
  }

  /**
   * Live instances of a service, 1,000 at most: those whose lease holds.
   * @param within milliseconds for which each of them is asked to say now what it says; 0: what was said last
   */
  instances(name: string, within = 0): Promise<ServiceInstance[]> {
    return this.ask(async (store) => {
      const asked = await store.look(name, within > 0);
      const until = performance.now() + within;
      let { cards } = asked;
      for (let ms = 1; cards.some(({ at }) => at < asked.now); ms *= 2) {
        const left = until - performance.now();
        if (left <= 0) break;
        await pause(systemClock, Math.min(ms, left, LONGEST_PAUSE));
        ({ cards } = await store.look(name, false));
      }
      return cards.map(({ consumer, at, text }) =>
        instance(consumer, text, within > 0 && at >= asked.now ? at - asked.now : undefined),
      );
    });
  }

  /** The document that an instance names; undefined if Redis does not have it any more. */
  document(digest: string): Promise<string | undefined> {
    return this.ask((store) => store.document(digest));
  }

  private async ask<T>(question: (store: DirectoryStore) => Promise<T>): Promise<T> {
    try {
      return await question(await soon(PATIENCE, this.connected()));
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      const code = error.kind === 'refused' ? 'REDIS' : 'NOT_CONNECTED';
      throw new RedisStreamsError(code, `the directory: ${error.message}`, { cause: error });
    }
  }
}

function soon<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = systemClock.after(ms, () => {
      const told = `Redis was not reached within ${ms} ms`;
      reject(new RedisStreamsError('NOT_CONNECTED', told));
    });
    void promise.then(resolve, reject).finally(cancel);
  });
}

/** Reads a card, which may hold anything. */
export function instance(
  id: string,
  text: string,
  answeredAfter: number | undefined,
): ServiceInstance {
  try {
    const { group, document, about } = JSON.parse(text) as Record<string, unknown>;
    const digest = typeof document === 'string' ? document : undefined;
    return {
      id,
      group: typeof group === 'string' ? group : '',
      document: digest,
      about,
      answeredAfter,
    };
  } catch {
    return { id, group: '', document: undefined, about: undefined, answeredAfter };
  }
}
