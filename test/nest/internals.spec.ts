import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { DeadLetters } from 'nestjs-redis-streams/dead-letters';
import { eventually } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { TestService } from '../support/test-service.js';

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
  const strange = ({ url }: TestService) =>
    new RegExp(`hunter2|10\\.0\\.0\\.5|node_modules|\\.ts\\b|${new URL(url).port}`);

  test.each(['error', 'properties', 'text', 'unsendable'])(
    'the reply after an %s has nothing of its inside',
    async (name) => {
      const service = new TestService();
      await service.serveModule({ controllers: [FailingController] });
      const call = firstValueFrom(service.client().send(`internals.${name}`, {}));
      const error: unknown = await call.catch((thrown: unknown) => thrown);
      const told = `${JSON.stringify(error)} ${(error as Error).message}`;
      expect(told).toMatch(/error/);
      expect(told).not.toMatch(strange(service));
    },
  );

  test('a dead letter says what was thrown, and the entry of its replay does not', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [FailingController] }, { retry: { attempts: 1 } });
    await lastValueFrom(service.client().emit('internals.event', 1), { defaultValue: undefined });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    const [letter] = await service.deadLetters();
    expect(letter).toMatchObject({ error: secret, 'error-name': 'Error' });
    expect(letter!['error-stack']).toContain('internals.spec.ts');
    const letters = closing(new DeadLetters(service.serverOptions));
    await letters.replayAll();
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    const entries = await service.entries('internals.event');
    expect(JSON.stringify(entries)).not.toMatch(strange(service));
  });
});
