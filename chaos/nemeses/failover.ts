// What may happen to a Cluster, and to a master that Sentinels watch.
import { eventually, pause } from '../../tools/wait.js';
import type { Facts } from '../fleet/faults.js';
import type { Replicated } from '../fleet/store.js';
import type { Context } from '../scenarios/scenario.js';

/** A replica is behind its master by some milliseconds, and by as much as a stall of this machine. */
const behind: Facts = { cuts: 'all', excuses: 'open', forgets: 1000 };
/** What counts as stored is on the replica. What does not is sent again, to the server that has taken over. */
const kept: Facts = { cuts: 'all', excuses: 'open', throughout: true };
const losing = ({ plan }: Context): Facts => (plan.replicas === undefined ? behind : kept);
const planned: Facts = { cuts: 'all', gentle: true, blind: true };
const WITHIN = 30_000;

/** A failover that is asked for. That of Sentinel does not wait until the replica has everything. */
export async function askFailover(context: Context): Promise<void> {
  const { replicated, faults } = context;
  const facts = replicated.waitsForReplica ? planned : losing(context);
  await faults.during('failover', facts, () =>
    untilAnother(replicated, () => replicated.failOver()),
  );
  await replicated.settled();
  await replicaBack(context);
}

/** `kill -9` of the primary. When its replica has taken over, it comes back as a replica without data. */
export async function killPrimary(context: Context): Promise<void> {
  const { replicated, faults } = context;
  const { primary } = replicated;
  await faults.during('primary-kill', losing(context), () =>
    untilAnother(replicated, () => primary.kill()),
  );
  await replicated.revive(primary);
  await replicaBack(context);
}

/** The primary stands still for longer than the others wait, and comes back as a replica. */
export async function freezePrimary(context: Context): Promise<void> {
  const { replicated, faults } = context;
  const { primary } = replicated;
  await faults.during('primary-freeze', losing(context), () =>
    untilAnother(replicated, async () => primary.freeze()),
  );
  await pause(1000);
  primary.thaw();
  await replicated.settled();
  await replicaBack(context);
}

/** The slot of the shard goes to another master and back, as when a cluster is resharded. */
export async function moveSlot({ cluster, faults, random }: Context): Promise<void> {
  const { primary: owner, nodes } = cluster;
  const others = await nodes.masters();
  const to = random.pick(others.filter((node) => node !== owner));
  for (const target of [to, owner]) {
    await faults.during('cluster-move', planned, () => cluster.move(target));
    await pause(1000);
  }
}

/** Ends the subscriptions at all nodes. */
export async function cutSubscriptions({ cluster, faults }: Context): Promise<void> {
  await faults.during('cluster-pubsub', planned, async () => {
    let cut = 0;
    for (const { redis } of cluster.nodes.nodes) {
      cut += Number(await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
    }
    if (cut === 0) throw new Error('no node had a subscription');
  });
}

/**
 * The links between the owner and the other nodes are cut some times: messages between them are lost. A link must be
 * there: Redis 7.0 crashes when it is told to cut one that is not.
 */
export async function cutBus({ cluster, faults }: Context, times: number): Promise<void> {
  const { primary: owner, nodes } = cluster;
  const others = (await nodes.seenBy(owner)).filter(({ port }) => port !== owner.port);
  await faults.during('cluster-bus', planned, async () => {
    for (let i = 0; i < times; i++) {
      await eventually(async () => {
        const links = (await owner.redis.call('CLUSTER', 'LINKS')) as unknown[];
        if (links.length < 2 * others.length) throw new Error('a link has not been made anew');
      }, WITHIN);
      for (const { id } of others) {
        await owner.redis.call('DEBUG', 'CLUSTERLINK', 'KILL', 'ALL', id);
      }
    }
  });
}

/** Where what counts as stored must be on a replica: waits until the master has one again. Until then nothing counts. */
async function replicaBack({ plan, replicated }: Context): Promise<void> {
  if (plan.replicas === undefined) return;
  await pause(1000);
  await eventually(async () => {
    await replicated.rejoin();
    const { redis } = await replicated.look();
    await redis.set(`{${plan.prefix}}:now`, 1, 'PX', 60_000);
    if ((await redis.wait(1, 500)) < 1) throw new Error('the master has no replica');
  }, WITHIN);
}

/** Does something, and waits until another server has taken over. */
async function untilAnother(store: Replicated, act: () => Promise<void>): Promise<void> {
  const before = store.primary;
  await act();
  await eventually(async () => {
    if ((await store.look()) === before) throw new Error('no other server has taken over');
  }, WITHIN);
}
