// What may happen to a Cluster, and to a master that Sentinels watch.
import type { KeptServer } from '../../tools/redis/kept-server.js';
import { eventually, pause } from '../../tools/wait.js';
import type { Facts } from '../fleet/faults.js';
import type { Context } from '../scenarios/scenario.js';

/** A replica is behind its master by some milliseconds, and by as much as a stall of this machine. */
const behind: Facts = { cuts: 'all', excuses: 'open', forgets: 1000 };
const planned: Facts = { cuts: 'all', gentle: true, blind: true };
const WITHIN = 30_000;

/** The replica takes over in agreement with its master: nothing may be lost. */
export async function clusterFailover({ cluster, faults }: Context): Promise<void> {
  const { owner, nodes } = cluster;
  const replica = await nodes.replicaOf(owner);
  await faults.during('cluster-failover', planned, async () => {
    await replica.redis.call('CLUSTER', 'FAILOVER');
    await ownerBecomes(cluster, replica);
  });
  await nodes.settled();
}

/** `kill -9` of the master of the shard. When its replica has taken over, it comes back as a replica without data. */
export async function killOwner({ cluster, faults }: Context): Promise<void> {
  const { owner, nodes } = cluster;
  const replica = await nodes.replicaOf(owner);
  await faults.during('cluster-kill', behind, async () => {
    await owner.kill();
    await ownerBecomes(cluster, replica);
  });
  await nodes.revive(owner, replica);
}

/** The master of the shard stands still for longer than the others wait, and comes back as a replica. */
export async function freezeOwner({ cluster, faults }: Context): Promise<void> {
  const { owner, nodes } = cluster;
  const replica = await nodes.replicaOf(owner);
  await faults.during('cluster-freeze', behind, async () => {
    owner.freeze();
    await ownerBecomes(cluster, replica);
  });
  await pause(1000);
  owner.thaw();
  await nodes.settled();
}

/** The slot of the shard goes to another master and back, as when a cluster is resharded. */
export async function moveSlot({ cluster, faults, random }: Context): Promise<void> {
  const { owner, nodes } = cluster;
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
    for (const { redis } of cluster.nodes.nodes) {
      await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub').catch(() => undefined);
    }
  });
}

/** The links between the nodes are cut some times: messages between them are lost. */
export async function cutBus({ cluster, faults }: Context, times: number): Promise<void> {
  const { owner, nodes } = cluster;
  const others = (await nodes.seenBy(owner)).filter(({ port }) => port !== owner.port);
  await faults.during('cluster-bus', planned, async () => {
    for (let i = 0; i < times; i++) {
      for (const { id } of others) {
        await owner.redis.call('DEBUG', 'CLUSTERLINK', 'KILL', 'ALL', id).catch(() => undefined);
      }
      await pause(200);
    }
  });
}

/** A failover that an operator asks Sentinel for. It does not wait until the replica has everything. */
export async function sentinelFailover({ sentinels, faults }: Context): Promise<void> {
  const { master, servers } = sentinels;
  await faults.during('sentinel-failover', behind, async () => {
    await servers.failOver();
    await masterChanges(sentinels, master);
  });
  await servers.settled();
}

/** `kill -9` of the master. When a replica has taken over, it comes back and becomes one. */
export async function killMaster({ sentinels, faults }: Context): Promise<void> {
  const { master, servers } = sentinels;
  await faults.during('sentinel-kill', behind, async () => {
    await master.kill();
    await masterChanges(sentinels, master);
  });
  await master.start();
  await servers.settled();
}

/** The master stands still for longer than Sentinels wait, and comes back as a replica. */
export async function freezeMaster({ sentinels, faults }: Context): Promise<void> {
  const { master, servers } = sentinels;
  await faults.during('sentinel-freeze', behind, async () => {
    master.freeze();
    await masterChanges(sentinels, master);
  });
  await pause(1000);
  master.thaw();
  await servers.settled();
}

async function ownerBecomes(cluster: Context['cluster'], node: KeptServer): Promise<void> {
  await eventually(async () => {
    if ((await cluster.look()) !== node) throw new Error('the replica has not taken over');
  }, WITHIN);
}

async function masterChanges(
  sentinels: Context['sentinels'],
  before: Context['sentinels']['master'],
): Promise<void> {
  await eventually(async () => {
    if ((await sentinels.look()) === before) throw new Error('no other server is the master');
  }, WITHIN);
}
