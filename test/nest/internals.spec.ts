import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { DeadLetters } from 'nestjs-redis-streams/dead-letters';
import { closing, eventually, redisUrl, Room } from './support.js';

const secret = 'postgres://user:hunter2@10.0.0.5/orders';

@Controller()
class FailingController {
  @MessagePattern('internals.error')
  error(): unknown {
    throw new Error(secret);
  }

  @MessagePattern('internals.properties')
  properties(): unknown {
    throw Object.assign(new Error('x', { cause: new Error(secret) }), { query: secret });
  }

  @MessagePattern('internals.text')
  text(): unknown {
    // oxlint-disable-next-line no-throw-literal -- applications do
    throw secret;
  }

  @MessagePattern('internals.unsendable')
  unsendable(): bigint {
    return 1n;
  }

  @EventPattern<string>('internals.event')
  event(): unknown {
    throw new Error(secret);
  }
}

describe('H6 what a failure tells outside of the service', () => {
  const strange = new RegExp(
    `hunter2|10\\.0\\.0\\.5|node_modules|\\.ts\\b|${new URL(redisUrl).port}`,
  );

  test.each(['error', 'properties', 'text', 'unsendable'])(
    'the reply after an %s has nothing of its inside',
    async (name) => {
      const room = new Room();
      await room.serve({ controllers: [FailingController] });
      const call = firstValueFrom(room.client().send(`internals.${name}`, {}));
      const error: unknown = await call.catch((thrown: unknown) => thrown);
      const told = `${JSON.stringify(error)} ${(error as Error).message}`;
      expect(told).toMatch(/error/);
      expect(told).not.toMatch(strange);
    },
  );

  test('a dead letter tells operators what was thrown, and the replay of it nobody', async () => {
    const room = new Room();
    await room.serve({ controllers: [FailingController] }, { retry: { attempts: 1 } });
    await lastValueFrom(room.client().emit('internals.event', 1), { defaultValue: undefined });
    await eventually(async () => expect(await room.deadLetters()).toHaveLength(1));
    const [letter] = await room.deadLetters();
    expect(letter).toMatchObject({ error: secret, 'error-name': 'Error' });
    expect(letter!['error-stack']).toContain('internals.spec.ts');
    const letters = closing(new DeadLetters(room.server));
    await letters.replayAll();
    await eventually(async () => expect(await room.deadLetters()).toHaveLength(1));
    const entries = await room.entries('internals.event');
    expect(JSON.stringify(entries)).not.toMatch(strange);
  });
});
