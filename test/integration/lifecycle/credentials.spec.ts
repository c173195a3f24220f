import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { eventually } from '../../../tools/wait.js';
import { TestService } from '../../support/test-service.js';
import { startPrivateRedis } from '../../support/redis-process.js';

/** A server where the user `app` has to prove who it is, and passwords can change. */
async function own() {
  const redis = await startPrivateRedis();
  onTestFinished(() => redis.stop());
  const service = new TestService({ url: redis.url });
  await service.redis.call('ACL', 'SETUSER', 'app', 'on', '>first', '~*', '&*', '+@all');
  return service;
}

/** Passwords change, and whoever is connected has to come again. */
async function rotate(service: TestService, from: string, to: string): Promise<void> {
  await service.redis.call('ACL', 'SETUSER', 'app', `>${to}`, `<${from}`);
  await service.redis.call('CLIENT', 'KILL', 'USER', 'app');
}

function lines(): string[] {
  const heard: string[] = [];
  const write = (line: unknown): void => void heard.push(String(line));
  Logger.overrideLogger({ log: () => {}, warn: write, error: write });
  onTestFinished(() => Logger.overrideLogger(false));
  return heard;
}

describe('the option "credentials"', () => {
  it.each(['at once', 'as a promise'])(
    'is asked for every connection and answers %s: passwords may change',
    async (how) => {
      const service = await own();
      let password = 'first';
      let asked = 0;
      const credentials = () => {
        asked++;
        const given = { username: 'app', password };
        return how === 'at once' ? given : Promise.resolve(given);
      };
      const place = { credentials, retryDelay: 50 };
      await service.serve({ messages: { work: (n: number) => n + 1 } }, place);
      const client = await service.connected(place);
      expect(await client.call('work', 1)).toBe(2);
      expect(asked).toBe(5);
      await rotate(service, 'first', 'second');
      password = 'second';
      expect(await client.call('work', 2)).toBe(3);
      // Not all of them are needed for one call, and some may take their time.
      await eventually(async () => {
        expect(String(await service.redis.client('LIST')).match(/ user=app /g)).toHaveLength(5);
      });
      expect(asked).toBeGreaterThanOrEqual(10);
    },
  );

  it.each([
    [
      'throws',
      () => {
        throw Object.assign(new Error('the vault is sealed'), { token: 's3cret' });
      },
      'the vault is sealed',
    ],
    ['rejects with nothing', () => Promise.reject(undefined), 'undefined'],
    ['gives nothing', () => undefined, 'must give { password }'],
    ['gives no text', () => ({ password: 12_345_678 }), '"password" must be a text'],
    [
      'gives a strange user',
      () => ({ username: ['s3cret'], password: 's3cret' }),
      '"username" must be',
    ],
  ] as [string, () => never, string][])(
    'when it %s, that is a failed attempt: told, repeated with a pause, and no secret is said',
    async (_, bad, told) => {
      const service = await own();
      const heard = lines();
      let asked = 0;
      const client = service.client({
        credentials: () => (++asked <= 3 ? bad() : { username: 'app', password: 'first' }),
        retryDelay: 50,
      });
      const errors: Error[] = [];
      client.on('error', (_role, error) => void errors.push(error));
      await client.connect();
      expect(errors.length).toBeGreaterThanOrEqual(2);
      const said = heard.join('\n') + JSON.stringify(errors.map((error) => [String(error), error]));
      expect(said).toContain(told);
      expect(said).not.toMatch(/s3cret|12345678/);
    },
  );

  it('that fails ends a start with retryAttempts, and close() does not wait for one that never answers', async () => {
    const service = await own();
    const never = service.client({ credentials: () => new Promise(() => {}) });
    const connecting = never.connect().catch((error: Error) => error);
    await never.close();
    expect(await connecting).toMatchObject({ code: 'CLOSED' });
    const failing = service.client({
      credentials: () => Promise.reject(new Error('sealed')),
      retryAttempts: 2,
      retryDelay: 10,
    });
    await expect(failing.connect()).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  });

  it('that never answers is a failed attempt after five seconds: a start with retryAttempts ends, and says so', async () => {
    const service = await own();
    const heard = lines();
    const credentials = () => new Promise<never>(() => {});
    const client = service.client({ credentials, retryAttempts: 1, retryDelay: 10 });
    const from = performance.now();
    await expect(client.connect()).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    expect(performance.now() - from).toBeLessThan(15_000);
    expect(heard.join('\n')).toContain('did not answer within 5000 ms');
  });
});

describe('a given client whose options change', () => {
  it('is copied with its password of the moment', async () => {
    const service = await own();
    const given = new Redis(service.url, { username: 'app', password: 'first', lazyConnect: true });
    const client = await service.connected({ url: undefined, client: given, retryDelay: 50 });
    given.options.password = 'second';
    await rotate(service, 'first', 'second');
    await eventually(() =>
      client
        .call('nobody', {}, { whenNoConsumer: 'fail', timeout: 500 })
        .catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'NO_CONSUMER' });
        }),
    );
  });
});
