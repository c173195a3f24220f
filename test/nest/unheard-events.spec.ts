import { Logger } from '@nestjs/common';
import { RedisStreamsRecordBuilder } from 'nestjs-redis-streams';
import { lastValueFrom } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { away } from '../support/redis.js';
import { TestService } from '../support/test-service.js';

// An event that is not stored, and whose emit nobody subscribed to, would be lost in silence.

const warnings = () => {
  const spy = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  onTestFinished(() => spy.mockRestore());
  return () => spy.mock.calls.map(([line]) => String(line)).filter((line) => /event/.test(line));
};

describe('an event that fails without a subscriber leaves a line', () => {
  const aborted = new RedisStreamsRecordBuilder(1).setOptions({ signal: AbortSignal.abort() });

  test.each([
    ['too large', { maxPayloadBytes: 1024 }, 'x'.repeat(2000), 'PAYLOAD_TOO_LARGE'],
    ['cancelled', {}, aborted.build(), 'CANCELLED'],
    ['not reached', { ...away, timeout: 50 }, 1, 'NOT_CONNECTED'],
    ['no data', {}, undefined, 'refused'],
  ])('%s', async (_name, options, data, code) => {
    const lines = warnings();
    const client = new TestService().client(options);
    for (let i = 0; i < 5; i++) client.emit('lost.event', data);
    await eventually(() => expect(lines()).toHaveLength(1));
    expect(lines()[0]).toContain('lost.event');
    expect(lines()[0]).toContain(code);
  });

  test('overloaded, and closed', async () => {
    const lines = warnings();
    const client = new TestService().client({ ...away, maxPending: 1 });
    for (let i = 0; i < 3; i++) client.emit('lost.event', 1);
    await eventually(() => expect(lines()).toHaveLength(1));
    expect(lines()[0]).toContain('OVERLOADED');
    await client.close();
    // How many were like the first is said when the client closes.
    const others = () => lines().filter((line) => !line.includes('OVERLOADED'));
    await eventually(() => expect(others()).toHaveLength(1));
    expect(others()[0]).toContain('CLOSED');
  });

  test('each pattern has its own, up to a bound', async () => {
    const lines = warnings();
    const client = new TestService().client({ maxPayloadBytes: 1024 });
    for (let i = 0; i < 300; i++) client.emit(`lost.${i}`, 'x'.repeat(2000));
    // A hundred kinds, and one for all the others.
    await eventually(() => expect(lines()).toHaveLength(101));
  });
});

test('a subscriber is told, and the log is not', async () => {
  const lines = warnings();
  const client = new TestService().client({ maxPayloadBytes: 1024 });
  await expect(lastValueFrom(client.emit('lost.event', 'x'.repeat(2000)))).rejects.toMatchObject({
    code: 'PAYLOAD_TOO_LARGE',
  });
  await expect(lastValueFrom(client.emit('lost.event', undefined))).rejects.toThrow(/data/i);
  expect(lines()).toEqual([]);
});
