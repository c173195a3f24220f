// What may happen to a Cluster, and to a master that Sentinels watch.
import { eventually, pause } from '../../tools/wait.js';
import type { Facts } from '../fleet/faults.js';
import type { Replicated } from '../fleet/store.js';
import type { Context } from '../scenarios/scenario.js';

/** A replica is behind its master by some milliseconds, and by as much as a stall of this machine. */
const behind: Facts = { cuts: 'all', excuses: 'open', forgets: 1000 };
const planned: Facts = { cuts: 'all', gentle: true, blind: true };
const WITHIN = 30_000;

/** A failover that is asked for. That of Sentinel does not wait until the replica has everything. */
export async function askFailover({ replicated, faults }: Context): Promise<void> {
  await faults.during('failover', replicated.waitsForReplica ? planned : behind, () =>
    untilAnother(replicated, () => replicated.failOver()),
  );
  await replicated.settled();
}

/** `kill -9` of the primary. When its replica has taken over, it comes back as a replica without data. */
export async function killPrimary({ replicated, faults }: Context): Promise<void> {
  const { primary } = replicated;
  await faults.during('primary-kill', behind, () => untilAnother(replicated, () => primary.kill()));
  await replicated.revive(primary);
}

/** The primary stands still for longer than the others wait, and comes back as a replica. */
export async function freezePrimary({ replicated, faults }: Context): Promise<void> {
  const { primary } = replicated;
  await faults.during('primary-freeze', behind, () =>
    untilAnother(replicated, async () => primary.freeze()),
  );
  await pause(1000);
  primary.thaw();
  await replicated.settled();
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

/** Does something, and waits until another server has taken over. */
async function untilAnother(store: Replicated, act: () => Promise<void>): Promise<void> {
  const before = store.primary;
  await act();
  await eventually(async () => {
    if ((await store.look()) === before) throw new Error('no other server has taken over');
  }, WITHIN);
}
