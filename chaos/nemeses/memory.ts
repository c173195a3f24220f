// What an operator, or an accident, may do to what Redis holds.
import type { Facts } from '../fleet/faults.js';
import type { WholePlan } from '../fleet/plan.js';
import type { Context } from '../scenarios/scenario.js';

const key = (plan: WholePlan, pattern: string) => `{${plan.prefix}}:s:${pattern}`;
/** Blocked reads end and connections are replaced, which a status may show for a moment. */
const reread: Facts = { cuts: 'all', gentle: true };

const served = ({ plan, random }: Context) =>
  random.pick([...new Set(plan.mix.map(({ pattern }) => pattern))]);

/** FLUSHALL: Redis loses everything in one moment. */
export async function flush({ redis, faults }: Context): Promise<void> {
  await faults.during('flush', { excuses: 'open', ...reread }, () => redis.admin.flushall());
}

/** DEL: Redis loses a stream and its groups. */
export async function deleteStream(context: Context): Promise<void> {
  const stream = key(context.plan, served(context));
  const facts: Facts = { stream, excuses: 'open', ...reread };
  await context.faults.during('delete-stream', facts, () => context.redis.admin.del(stream));
}

/** Milliseconds within which a stream is cleaned: twice as long as instances wait between two times. */
const CLEANED = 10_000;

/** XGROUP DESTROY: Redis loses the group, and with it what was handed out, and which events were handled. */
export async function destroyGroup(context: Context): Promise<void> {
  const stream = key(context.plan, served(context));
  const facts: Facts = { stream, excuses: 'open', rereads: CLEANED, ...reread };
  await context.faults.during('destroy-group', facts, () =>
    context.redis.admin.xgroup('DESTROY', stream, 'service'),
  );
}

/** XGROUP DELCONSUMER: Redis loses a live consumer, and with it what is pending under it. */
export async function deleteConsumer(context: Context): Promise<void> {
  const { redis, faults, random, plan } = context;
  const stream = key(plan, served(context));
  const listed = (await redis.admin
    .xinfo('CONSUMERS', stream, 'service')
    .catch(() => [])) as string[][];
  if (listed.length === 0) return;
  const consumer = random.pick(listed)[1] as string;
  await faults.during('delete-consumer', { stream, consumer, excuses: 'open', ...reread }, () =>
    redis.admin.xgroup('DELCONSUMER', stream, 'service', consumer),
  );
}

/** Redis forgets its scripts, as after a failover. */
export async function flushScripts({ redis, faults }: Context): Promise<void> {
  await faults.during('script-flush', {}, () => redis.admin.script('FLUSH'));
}
