import { HealthCheckService, MicroserviceHealthIndicator, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { ClientRedisStreams } from 'nestjs-redis-streams';
import { eventually } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { Place, uniquePrefix } from '../support/place.js';
import { deadUrl } from '../support/redis.js';

async function health() {
  const module = TerminusModule.forRoot({ logger: false });
  const app = closing(await Test.createTestingModule({ imports: [module] }).compile());
  const indicator = await app.resolve(MicroserviceHealthIndicator);
  const checks = await app.resolve(HealthCheckService);
  // The type of its options knows the built-in transports only; the code passes on what it is given.
  const ping = (options: object) =>
    checks.check([() => indicator.pingCheck('streams', options as never).withTimeout(500)]);
  return { ping };
}

describe('Nest’s terminus', () => {
  test('a reachable Redis is up, and the probe leaves no connection', async () => {
    const { ping } = await health();
    const connectionName = uniquePrefix();
    const place = new Place();
    const options = { ...place.address, connectionName };

    const result = await ping({ customClass: ClientRedisStreams, options });
    expect(result).toMatchObject({ status: 'ok', info: { streams: { status: 'up' } } });
    await eventually(async () => {
      expect(await place.redis.client('LIST')).not.toContain(connectionName);
    });
  });

  test.each([
    ['gives up after its attempts', { retryAttempts: 1 }],
    ['is given up by the probe', {}],
  ])('an unreachable Redis is down: the client %s', async (_what, own) => {
    const { ping } = await health();
    const options = { url: deadUrl, ...own };
    await expect(ping({ customClass: ClientRedisStreams, options })).rejects.toMatchObject({
      response: { status: 'error', error: { streams: { status: 'down' } } },
    });
  });
});
