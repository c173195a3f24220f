import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { TestService } from '../support/test-service.js';

@Controller()
class ListsController {
  @MessagePattern({ topics: ['b', 'a'], Cmd: 'find' })
  find(): string {
    return 'found';
  }
}

test('a pattern that is an object has one stream, whatever the order of its keys and the alphabet', async () => {
  const service = new TestService();
  await service.serveModule({ controllers: [ListsController] });
  const client = service.client();
  const pattern = { Cmd: 'find', topics: ['b', 'a'] };
  expect(await firstValueFrom(client.send(pattern, 1))).toBe('found');
  const [key] = await service.redis.keys(`{${service.address.prefix}}:s:*`);
  expect(key).toBe(`{${service.address.prefix}}:s:{"Cmd":"find","topics":["b","a"]}`);
});

test.each([['x'.repeat(1025)], [''], [{ n: 1n }]])(
  'a pattern that cannot be one is refused before anything is sent',
  async (pattern) => {
    const client = new TestService().client();
    await expect(firstValueFrom(client.send(pattern, 1))).rejects.toMatchObject({
      code: 'INVALID_MESSAGE',
      outcome: 'not-run',
    });
    await expect(firstValueFrom(client.emit(pattern, 1))).rejects.toMatchObject({
      code: 'INVALID_MESSAGE',
    });
  },
);
