import { Controller, Inject, type INestApplication } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { ServerRedisStreams } from 'nestjs-redis-streams';
import { isDrained, leftIn, readBacklog } from 'nestjs-redis-streams/operate';
import { RedisCluster } from '../../tools/redis/cluster.js';
import { eventually, pause } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { range, Tally } from '../support/tally.js';
import { TestService } from '../support/test-service.js';
import { Traffic } from '../support/traffic.js';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await RedisCluster.start({ masters: 3 });
}, 60_000);
afterAll(() => cluster.stop());

const RAN = Symbol('what ran');
/** Patterns in several shards. */
const PATTERNS = {
  calls: range(4).map((i) => `work.${i}`),
  events: range(2).map((i) => `told.${i}`),
};

@Controller()
class TellController {
  constructor(@Inject(RAN) readonly ran: Tally) {}

  @EventPattern(PATTERNS.events)
  told(key: number): void {
    this.ran.add(`event ${key}`);
  }
}

@Controller()
class WorkController extends TellController {
  @MessagePattern(PATTERNS.calls)
  async work(key: number): Promise<number> {
    this.ran.add(`call ${key}`);
    // Calls are open at every moment.
    await pause(20);
    return key;
  }
}

/** A place of a service, and what its users set besides. */
class MovingPlace {
  private readonly at: TestService;

  constructor(
    where: ConstructorParameters<typeof TestService>[0],
    private readonly shards?: number,
  ) {
    this.at = new TestService(where);
  }

  get options() {
    return { ...this.at.address, shards: this.shards };
  }

  client() {
    return this.at.connected({ shards: this.shards });
  }

  left() {
    return readBacklog(this.options);
  }
}

/** The services of a system, as one version of their deployment has them. */
class Deployment {
  private apps: INestApplication[] = [];
  readonly orders = new Tally();
  readonly audit = new Tally();

  /** Starts what serves these places, an instance at a time, and then ends as many of those before. */
  async roll(places: readonly MovingPlace[]): Promise<void> {
    const before = this.apps;
    this.apps = [];
    for (const [group, controller, ran] of [
      ['audit', TellController, this.audit],
      ['orders', WorkController, this.orders],
      ['orders', WorkController, this.orders],
    ] as const) {
      const testing = await Test.createTestingModule({
        controllers: [controller],
        providers: [{ provide: RAN, useValue: ran }],
      }).compile();
      const app = closing(testing.createNestApplication({ logger: false }));
      for (const { options } of places) {
        const strategy = new ServerRedisStreams({ ...options, group });
        app.connectMicroservice({ strategy }, { inheritAppConfig: true });
      }
      await app.startAllMicroservices();
      await app.init();
      this.apps.push(app);
      await before.shift()?.close();
    }
  }
}

it.each([
  ['from one Redis to a Cluster', () => new MovingPlace({ cluster })],
  ['from one shard to four, in the same Redis', () => new MovingPlace({}, 4)],
])(
  'a move %s under load loses nothing, repeats nothing and refuses nothing',
  async (_, next) => {
    const [before, after] = [new MovingPlace({}), next()];
    const system = new Deployment();
    await system.roll([before]);
    const client = await before.client();
    const traffic = new Traffic(client, PATTERNS, 5);
    const more = async () => {
      const { answered } = traffic;
      await eventually(() => expect(traffic.answered).toBeGreaterThan(answered + 100), 20_000);
    };
    await more();
    // Services serve both places; callers move; the old place runs empty; services leave it.
    await system.roll([before, after]);
    await more();
    expect(isDrained(await before.left(), 500)).toBe(false);
    await traffic.moveTo(await after.client());
    await client.close();
    await more();
    await eventually(async () => expect(leftIn(await before.left(), 500)).toEqual([]), 20_000);
    await system.roll([after]);
    await more();
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    const { calls, events } = traffic;
    expect(traffic.answered).toBe(calls);
    await eventually(async () => {
      expect(system.orders.total).toBe(calls + events);
      expect(system.audit.total).toBe(events);
    });
    expect([...system.orders.repeated, ...system.audit.repeated]).toEqual([]);
    expect(leftIn(await after.left(), 0)).toEqual(['callers that are still there: 1']);
  },
  60_000,
);
