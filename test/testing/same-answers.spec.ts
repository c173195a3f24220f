import { randomUUID } from 'node:crypto';
import { createTestBroker } from 'nestjs-redis-streams/testing';
import { redisUrl } from '../support/redis.js';
import { Dice } from './dice.js';
import { CONSUMERS, Operations } from './random-operations.js';
import { Side } from './side.js';

const SEEDS = Number(process.env['OPERATION_SEEDS'] ?? 30);
const STEPS = 80;

// The operations of the test broker are written anew, and those of Redis are the truth.
test.each(Array.from({ length: SEEDS }, (_, i) => i + 1))(
  'the test broker answers as Redis does: seed %i',
  async (seed) => {
    const prefix = `same-${randomUUID()}`;
    const redis = await Side.open({ url: redisUrl }, prefix);
    const memory = await Side.open({ client: createTestBroker({ time: 'real' }).redis() }, prefix);
    const operations = new Operations(new Dice(seed));
    const history: string[] = [];
    const both = async (name: string, step: (side: Side) => Promise<unknown>) => {
      const [theirs, ours] = [await redis.asked(step), await memory.asked(step)];
      history.push(`${name}: ${theirs}`);
      expect(ours, `${name} after\n${history.slice(-12).join('\n')}`).toBe(theirs);
    };
    for (const stream of ['prices', 'places'])
      await both('group', (side) => side.group.ensureGroup(stream, 'r', false));
    for (const consumer of CONSUMERS) {
      const owner = { consumer, token: `token of ${consumer}` };
      await both('lease', (side) => side.leases.renew(owner, { ttl: 600_000, take: true }));
    }
    for (let step = 0; step < STEPS; step++) await both(...operations.next());
  },
);
