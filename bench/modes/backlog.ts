// Redis' work for a call on a stream that holds many unread entries already: storing it, with no
// service there, and handing it out and settling it, with the others still behind it.
import { Keys, requestHeader } from 'nestjs-redis-streams/protocol';
import { ioredis } from '../harness/libraries.js';
import { payload } from '../harness/payloads.js';
import { sleep } from '../harness/clock.js';
import { Team } from '../harness/team.js';
import type { Usage } from '../harness/usage.js';

/** Calls that are measured, after those that are not. */
const MEASURED = 20_000;
const WARMUP = 5000;
/** Callers of the stored calls are not there: as many calls have the same one. */
const PER_CALLER = 200;
const HOUR = 3_600_000;
const BATCH = 1000;

const stream = new Keys('nrs', 0, 1).stream('echo');

/** CPU seconds of Redis per 10,000 calls stored behind `size` others. */
export async function enqueued(size: number) {
  const team = await Team.start('ours', { settings: { maxBacklog: 10_000_000 } });
  try {
    // The stream and its group stay when the service has gone.
    const service = team.services.pop();
    await service?.close();
    await fill(team.broker.url, size);
    await team.client.ask('burst', 'echo', WARMUP);
    const before = await team.broker.usage();
    await team.client.ask('burst', 'echo', MEASURED);
    return per10k(before, await team.broker.usage(), MEASURED);
  } finally {
    await team.stop();
  }
}

/** The same for calls that are read and settled before `size` others. */
export async function drained(size: number) {
  const team = await Team.gather('ours');
  try {
    await fill(team.broker.url, size + WARMUP + MEASURED);
    const service = await team.addService();
    const reached = async (count: number) => {
      for (;;) {
        const { calls } = await service.ask('counts');
        if (calls >= count) return { calls, usage: await team.broker.usage() };
        await sleep(2);
      }
    };
    const before = await reached(WARMUP);
    const after = await reached(WARMUP + MEASURED * 0.9);
    return per10k(before.usage, after.usage, after.calls - before.calls);
  } finally {
    await team.stop();
  }
}

const per10k = (from: Usage | undefined, to: Usage | undefined, calls: number) =>
  (((to?.cpu ?? 0) - (from?.cpu ?? 0)) / calls) * 10_000;

/** As a caller in any language may write it. */
async function fill(url: string, count: number) {
  const redis = new ioredis.Redis(url);
  const data = JSON.stringify(payload('100B'));
  for (let i = 0; i < count;) {
    const pipeline = redis.pipeline();
    for (const end = Math.min(count, i + BATCH); i < end; i++) {
      const caller = `bench-caller-${String(Math.floor(i / PER_CALLER)).padStart(8, '0')}`;
      const header = requestHeader({
        ...{ codec: 'json', call: String(i), caller, timeout: HOUR },
        ...{ idle: 0, once: false, depth: 0 },
      });
      pipeline.xadd(stream, '*', 'c', header, 'd', data);
    }
    await pipeline.exec();
  }
  redis.disconnect();
}
