import fc from 'fast-check';
import { ClientRedisStreams, RedisStreamsError, ServerRedisStreams } from 'nestjs-redis-streams';
import { CLIENT_TABLE } from '../../../libs/redis-stream-transport/src/options/client-options.js';
import { SERVER_TABLE } from '../../../libs/redis-stream-transport/src/options/server-options.js';
import { TestService } from '../../support/test-service.js';

const whole = (min: number, max: number) => fc.integer({ min, max });
const duration = (max: number) => fc.oneof(fc.constant(max), whole(1, max));

// Durations that the calls of the test live through; the rest of their range is refused or taken by
// `resolve.property.spec.ts`.
const common = {
  maxPayloadBytes: whole(1024, 67_108_864),
  lanes: fc.constantFrom<Record<string, string[]>>(
    {},
    { lane: ['work', 'other'] },
    { work: ['work'] },
  ),
  shards: whole(1, 8),
  retryAttempts: whole(1, 1_000_000),
  retryDelay: duration(60_000),
};
const serverOptions = fc.record(
  {
    group: fc.stringMatching(/^[A-Za-z0-9.:~_-]{1,128}$/),
    concurrency: whole(1, 100_000),
    maxDeliveries: whole(1, 1000),
    leaseTtl: whole(500, 600_000),
    drainTimeout: whole(0, 3_600_000),
    maxReplyBytes: whole(1024, 67_108_864),
    replyTtl: whole(60_000, 86_400_000),
    retry: fc.record(
      { attempts: whole(1, 1000), delay: whole(0, 1000), factor: whole(1, 10) },
      { requiredKeys: [] },
    ),
    retention: fc.record({ count: whole(0, 1e9), age: whole(0, 1e9) }, { requiredKeys: [] }),
    groupTtl: whole(600_001, 31_536_000_000),
    history: fc.boolean(),
  },
  { requiredKeys: [] },
);
const waits = fc.oneof(
  fc.record({ timeout: whole(5000, 86_400_000) }),
  fc.record({ idleTimeout: whole(5000, 86_400_000) }),
  fc.constant({}),
);
const clientOptions = fc.record(
  {
    maxPending: whole(1, 1_000_000),
    maxBacklog: whole(1, 1_000_000_000),
    headers: fc.dictionary(fc.stringMatching(/^[a-z]{1,10}$/), fc.string({ maxLength: 20 })),
    whenNoConsumer: fc.constantFrom('fail', 'wait', 0, 86_400_000),
  },
  { requiredKeys: [] },
);
const shared = fc.record(common, { requiredKeys: [] });

it('every combination of valid options starts, answers a call and closes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(shared, serverOptions, clientOptions, waits),
      async ([both, onlyServer, onlyClient, wait]) => {
        const service = new TestService();
        const server = await service.serve(
          { messages: { work: (n: number) => n + 1 } },
          { ...both, ...onlyServer },
        );
        const client = await service.connected({ ...both, ...onlyClient, ...wait } as object);
        expect(await client.call('work', 1)).toBe(2);
        await Promise.all([client.close(), server.close()]);
      },
    ),
    { numRuns: 40 },
  );
}, 120_000);

/** No option takes any of these. */
const bad = fc.constantFrom<unknown>(null, -1, 1.5, Number.NaN, Infinity, '', Symbol('x'), 1e300);

it.each([
  ['server', Object.keys(SERVER_TABLE), (o: object) => new ServerRedisStreams(o)],
  ['client', Object.keys(CLIENT_TABLE), (o: object) => new ClientRedisStreams(o)],
] as const)(
  'one invalid option of a %s is an error that names it, whatever valid ones stand beside it',
  (side, names, make) => {
    const valid = side === 'server' ? serverOptions : clientOptions;
    fc.assert(
      fc.property(shared, valid, fc.constantFrom(...names), bad, (both, own, name, value) => {
        const options: Record<string, unknown> = { ...both, ...own, [name]: value };
        let thrown: unknown;
        try {
          make(options);
        } catch (error) {
          thrown = error;
        }
        expect(thrown).toBeInstanceOf(RedisStreamsError);
        expect(thrown).toMatchObject({ code: 'INVALID_OPTION', outcome: 'not-run' });
        expect((thrown as Error).message).toContain(`"${name}"`);
      }),
      { numRuns: 400 },
    );
  },
);
