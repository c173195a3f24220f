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
