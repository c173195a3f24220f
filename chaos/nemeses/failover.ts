// Another server takes over: in a Cluster, and where Sentinels watch a master.
import { eventually, pause } from '../../tools/wait.js';
import type { KeptServer } from '../../tools/redis/kept-server.js';
import type { Facts, Fault } from '../fleet/faults.js';
import { receivedBy } from '../fleet/offset-watch.js';
import type { Context } from '../scenarios/scenario.js';

/** A planned change: nothing is lost, and nothing repeated. */
export const planned: Facts = { cuts: 'all', gentle: true, blind: true };
export const WITHIN = 30_000;

/** What the replica has not received is lost; nothing of what counts as stored, where that must be on the replica. */
const losing = ({ plan }: Context): Facts => ({
  ...{ cuts: 'all', excuses: 'unreceived' },
  ...(plan.replicas !== undefined && { kept: true }),
});

/** A failover that is asked for. That of Sentinel does not wait until the replica has everything. */
export async function askFailover(context: Context): Promise<void> {
  const { replicated } = context;
  const facts = replicated.waitsForReplica ? planned : losing(context);
  await takenOver(context, {
    ...{ what: 'failover', facts },
    act: () => replicated.failOver(),
    after: (former, fault) => follows(context, former, fault),
  });
}

/** `kill -9` of the primary. When its replica has taken over, it comes back as a replica without data. */
export async function killPrimary(context: Context): Promise<void> {
  await takenOver(context, {
    ...{ what: 'primary-kill', facts: losing(context) },
    act: (former, fault) => killed(former, fault),
    after: (former) => context.replicated.revive(former),
  });
}

/** The primary stands still for longer than the others wait, and comes back as a replica. */
export async function freezePrimary(context: Context): Promise<void> {
  await takenOver(context, {
    ...{ what: 'primary-freeze', facts: losing(context) },
    act: async (former) => former.freeze(),
    after: async (former, fault) => {
      await pause(1000);
      former.thaw();
      await follows(context, former, fault);
    },
  });
}

/** The replica receives nothing for a while, and then the primary is killed: all that it took meanwhile is lost. */
export async function killBeforeReplica(context: Context): Promise<void> {
  const { watched, random } = context;
  await takenOver(context, {
    ...{ what: 'replica-behind', facts: losing(context) },
    act: async (former, fault) => {
      await watched.leaveBehind(random.int(500, 1000));
      await killed(former, fault);
    },
    after: (former) => watched.revive(former),
  });
}

interface TakeOver {
  readonly what: string;
  readonly facts: Facts;
  readonly act: (former: KeptServer, fault: Fault) => Promise<void>;
  /** When another server has taken over. */
  readonly after: (former: KeptServer, fault: Fault) => Promise<void>;
}

/** Does something, waits until another server has taken over, and then until there is a replica again. */
async function takenOver(context: Context, { what, facts, act, after }: TakeOver): Promise<void> {
  const { replicated, faults } = context;
  const former = replicated.primary;
  const fault = await faults.begin(what, facts);
  let received: number | undefined;
  try {
    await act(former, fault);
    const next = await eventually(async () => {
      const found = await replicated.look();
      if (found === former) throw new Error('no other server has taken over');
      return found;
    }, WITHIN);
    received = await receivedBy(next);
  } finally {
    fault.end({ former: former.port, ...(received !== undefined && { received }) });
  }
  await after(former, fault);
  await replicaBack(context);
  fault.mark('restored');
}

async function killed(server: KeptServer, fault: Fault): Promise<void> {
  await server.kill();
  fault.mark('ceased');
}

/** Waits until the former primary is a replica and takes no writes. */
async function follows({ plan, replicated }: Context, { redis }: KeptServer, fault: Fault) {
  await eventually(async () => {
    if (plan.replicas !== undefined) await replicated.rejoin();
    const [role] = await redis.role();
    if (role !== 'slave') throw new Error('the former primary is no replica yet');
  }, WITHIN);
  fault.mark('ceased');
}

/**
 * Waits until the primary has a replica. Where what counts as stored must be on one, nothing counts until then; so the
 * former primary is told to be it, which Sentinels do later.
 */
async function replicaBack({ plan, replicated }: Context): Promise<void> {
  if (plan.replicas === undefined) return replicated.settled();
  await pause(1000);
  await eventually(async () => {
    await replicated.rejoin();
    const { redis } = await replicated.look();
    await redis.set(`{${plan.prefix}}:now`, 1, 'PX', 60_000);
    if ((await redis.wait(1, 500)) < 1) throw new Error('the master has no replica');
  }, WITHIN);
}
