import type { RedisStreamsContext } from 'nestjs-redis-streams';
import { DeadLetters, type DeadLettersOptions } from 'nestjs-redis-streams/dead-letters';
import { onTestFinished } from 'vitest';
import { Arena, eventually, type Handler, type Handlers } from '../../support/arena.js';

export function lettersOf(arena: Arena, options: Partial<DeadLettersOptions> = {}): DeadLetters {
  const letters = new DeadLetters({
    url: arena.url,
    prefix: arena.prefix,
    group: 'service',
    ...options,
  });
  onTestFinished(() => letters.close());
  return letters;
}

/** A handler that gives everything up until it is mended, and notes what it handles then. */
export class Moody {
  readonly handled: unknown[] = [];
  broken = true;

  readonly handler: Handler = (data: unknown, context: RedisStreamsContext) => {
    if (this.broken) context.deadLetter(`cannot handle ${JSON.stringify(data)}`);
    else this.handled.push(data);
  };
}

/** A service with one event handler, and as many dead letters of its as there are data. */
export async function withLetters(
  data: readonly unknown[],
  also: Handlers = {},
): Promise<{ arena: Arena; moody: Moody }> {
  const arena = new Arena();
  const moody = new Moody();
  await arena.serve({ ...also, events: { happened: moody.handler, ...also.events } });
  const client = await arena.connected();
  for (const item of data) await client.tell('happened', item);
  await eventually(async () => expect(await arena.deadLetters()).toHaveLength(data.length));
  return { arena, moody };
}
