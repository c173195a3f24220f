// What may happen to the slots of a Cluster, and to what its nodes tell each other and their clients.
import { eventually, pause } from '../../tools/wait.js';
import type { Context } from '../scenarios/scenario.js';
import { planned, WITHIN } from './failover.js';

/** The slot of the shard goes to another master and back, as when a cluster is resharded. */
export async function moveSlot(context: Context): Promise<void> {
  const { cluster, faults } = context;
  const owner = cluster.primary;
  for (const target of [await anotherMaster(context), owner]) {
    await calls(context);
    await faults.during('cluster-move', planned, () => cluster.move(target));
  }
  await calls(context);
}

/**
 * A move of the slot takes some seconds: meanwhile some of its keys are here and some there, and each call needs both. On
 * the way there the target is failed over.
 */
export async function moveSlowly(context: Context): Promise<void> {
  const { cluster, faults, random } = context;
  const owner = cluster.primary;
  for (const target of [await anotherMaster(context), owner]) {
    await calls(context);
    await faults.during('cluster-half-moved', planned, async () => {
      const move = await cluster.beginMove(target);
      await move.carry(0.5);
      const { from, to } = await move.places();
      if (from === 0 || to === 0) throw new Error(`the slot is not in halves: ${from}, ${to}`);
      await pause(random.int(500, 1500));
      if (target !== owner) await move.failOverTarget();
      await pause(random.int(500, 1500));
      await move.finish();
      await cluster.look();
    });
  }
  await calls(context);
  await cluster.settled();
}

/** A fourth master with a replica joins and gets the slot of the shard; the slot moves back, and both leave again. */
export async function addMaster(context: Context): Promise<void> {
  const { cluster, faults } = context;
  const owner = cluster.primary;
  const added = await cluster.grow();
  await calls(context);
  await faults.during('cluster-grows', planned, () => cluster.move(added));
  await calls(context);
  await faults.during('cluster-shrinks', planned, async () => {
    await cluster.move(owner);
    await cluster.shrink();
  });
  await calls(context);
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

async function anotherMaster({ cluster, random }: Context) {
  const masters = await cluster.nodes.masters();
  return random.pick(masters.filter((node) => node !== cluster.primary));
}

/** Waits until calls are stored at the present owner of the slot: a fault of a slot that nobody uses is none. */
async function calls({ cluster, plan }: Context): Promise<void> {
  const stored = async () => {
    const facts = await cluster.admin.xinfo('STREAM', `{${plan.prefix}}:s:work`);
    const list = facts as unknown[];
    return Number(list[list.indexOf('entries-added') + 1]);
  };
  const before = await eventually(stored, WITHIN);
  await eventually(async () => {
    if (!((await stored()) > before)) throw new Error('no call is stored in the slot');
  }, WITHIN);
}
