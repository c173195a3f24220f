import { Logger } from '@nestjs/common';
import { eventually } from '../../../tools/wait.js';
import { TestService } from '../../support/test-service.js';

it('names that another program wrote do not reach the log with their control characters', async () => {
  const service = new TestService();
  const lines: string[] = [];
  const line = (text: unknown) => void lines.push(String(text));
  Logger.overrideLogger({ log: line, warn: line, error: line, fatal: line });
  const evil = 'told\u001b[2J\nLOG forged';
  await service.redis.zadd(service.keys.live('work'), Date.now() + 60_000, 'other\u001b[31m me -');
  const second = service.server({ messages: { work: () => 1 } });
  await expect(
    new Promise((_, reject) => void second.listen((error) => reject(error))),
  ).rejects.toThrow(String.raw`group other\u001b[31m answers requests`);
  await service.serve({ events: { [evil]: () => {} } });
  await service.redis.xadd(service.keys.stream(evil), '*', 'no', 'header');
  await eventually(() => expect(lines.join()).toContain(String.raw`told\u001b[2J\u000aLOG forged`));
  expect(lines.filter((one) => /\p{Cc}/u.test(one))).toEqual([]);
});
