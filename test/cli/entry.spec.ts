import { RedisStreamsRecord, type StoredEntry } from 'nestjs-redis-streams';
import { explainEntry } from 'nestjs-redis-streams/operate';
import { lastValueFrom } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { command } from '../contracts/command.js';
import { Gate } from '../support/gate.js';
import { TestService } from '../support/test-service.js';

const emitted = async (service: TestService, pattern: string): Promise<StoredEntry> => {
  const client = await service.connected();
  let entry: StoredEntry | undefined;
  const onStored = (stored: StoredEntry) => void (entry = stored);
  const record = new RedisStreamsRecord(1, { onStored });
  await lastValueFrom(client.emit(pattern, record), { defaultValue: undefined });
  return entry!;
};

const explain = (service: TestService, ...args: string[]) =>
  command('explain', ...args, '--prefix', service.prefix);

test('explain takes the id of an event: who has it, and what it became', async () => {
  const service = new TestService();
  const gate = new Gate();
  const told = async () => {
    await gate.opened;
    throw new Error('no room');
  };
  await service.serve({ events: { told: [told, { retry: { attempts: 1 } }] } });
  const { id } = await emitted(service, 'told');
  await eventually(async () => {
    const { code, out } = await explain(service, id);
    expect(code).toBe(0);
    expect(out).toContain(`stored: told, entry ${id}`);
    expect(out).toMatch(/service: with \S+, .* ago: it runs there/);
  });
  gate.open();
  await eventually(async () =>
    expect((await explainEntry(service.address, id)).deadLetters).toMatchObject([
      { reason: 'attempts', group: 'service', error: 'no room' },
    ]),
  );
  const { out } = await explain(service, id, '--json');
  expect(JSON.parse(out)).toMatchObject({ id, deadLetters: [{ reason: 'attempts' }] });
});

test('of a pack, the dead letters of each event by its name, of all by that of the entry', async () => {
  const service = new TestService();
  const told = (data: number) => {
    if (data > 1) throw new Error('no room');
  };
  await service.serve({ events: { told: [told, { retry: { attempts: 1 } }] } });
  const add = (line: string) =>
    service.redis.xadd(service.stream('told'), '*', 'c', line, 'd', '[1,\n2,\n3]');
  const [each, whole] = [await add('1 pack.json 3 - 0'), await add('1 pack.json 2 - 0')];
  await eventually(async () => expect(await service.deadLetters()).toHaveLength(3));
  const reasons = async (id: string) =>
    (await explainEntry(service.address, id)).deadLetters.map(({ reason }) => reason);
  expect(await reasons(`${each}#0`)).toEqual([]);
  expect(await reasons(`${each}#2`)).toEqual(['attempts']);
  expect(await reasons(each!)).toEqual(['attempts', 'attempts']);
  expect(await reasons(whole!)).toEqual(['malformed']);
  expect(await reasons(`${whole}#0`)).toEqual(['malformed']);
});

test('what is unknown, and what is no id', async () => {
  const service = new TestService();
  const { code, out } = await explain(service, '1-1');
  expect(code).toBe(1);
  expect(out).toContain('it was handled and removed, or it was never stored here');
  for (const id of ['', '1', '1-', 'a-b', '1-1#', '1-1#100', '99999999999999999999999-0']) {
    expect(() => explainEntry(service.address, id), id).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    );
  }
});
