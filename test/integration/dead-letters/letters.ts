import type { RedisStreamsContext } from 'nestjs-redis-streams';
import { DeadLetters, type DeadLettersOptions } from 'nestjs-redis-streams/dead-letters';
import { onTestFinished } from 'vitest';
import { eventually } from '../../../tools/wait.js';
import type { Handler, Handlers } from '../../support/handlers.js';
import { TestService } from '../../support/test-service.js';

export function lettersOf(
  service: TestService,
  options: Partial<DeadLettersOptions> = {},
): DeadLetters {
  const letters = new DeadLetters({
    ...service.serverOptions,
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
): Promise<{ service: TestService; moody: Moody }> {
  const service = new TestService();
  const moody = new Moody();
  await service.serve({ ...also, events: { happened: moody.handler, ...also.events } });
  const client = await service.connected();
  for (const item of data) await client.tell('happened', item);
  await eventually(async () => expect(await service.deadLetters()).toHaveLength(data.length));
  return { service, moody };
}
