// Plays one scenario once: starts a server and a fleet, makes load and faults, waits until all is quiet, and
// ends them. It only acts and writes histories; the checker says what they mean.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { History } from '../kit/history.js';
import { Clocks } from '../kit/faketime.js';
import { Random } from '../../tools/random.js';
import { pause } from '../../tools/wait.js';
import { now } from '../kit/time.js';
import { Proxy } from '../../tools/tcp-proxy/proxy.js';
import { Faults } from './faults.js';
import { Fleet, type Load } from './fleet.js';
import { abandoned, quiet } from './inspection.js';
import { watchLeases } from './lease-watch.js';
import { watchOffsets } from './offset-watch.js';
import { withDefaults, type WholePlan } from './plan.js';
import { ChaosCluster } from './cluster.js';
import { ClusterAround, nodeArguments, REJOIN } from './cluster-around.js';
import { ChaosRedis } from './redis.js';
import type { Replicated, Store } from './store.js';
import { ChaosWatched } from './watched.js';
import type { Context, Scenario } from '../scenarios/scenario.js';
import type { Child } from './child.js';
import type { Size } from '../kit/size.js';

/** Runs before the first fault: makes connections, warms up the code, and takes the first measurements. */
const warmUp: Load = { count: 250, rate: 0, cap: 40, patient: false, warmUp: true, within: 60_000 };

/** @returns folder of the histories */
export async function play({
  scenario,
  seed,
  size,
  library,
  inCluster = false,
}: {
  scenario: Scenario;
  seed: number;
  size: Size;
  library: string;
  /** One master of a Cluster in place of one server. */
  inCluster?: boolean;
}): Promise<string> {
  const random = new Random(`${seed}/${scenario.name}`);
  const drawn = withDefaults(scenario.plan({ size, random: random.fork('plan') }));
  const plan = inCluster ? clustered(drawn) : drawn;
  const folder = openFolder(scenario.name);
  const log = new History(join(folder, 'run.jsonl'));
  const nemesis = new History(join(folder, 'nemesis.jsonl'));
  const clocks = plan.clocks ? new Clocks() : undefined;
  const environment = clocks?.environment('redis');
  const cluster = plan.cluster ? await ChaosCluster.start(plan.prefix) : undefined;
  const sentinels = plan.sentinels ? await ChaosWatched.start() : undefined;
  const replicated: Replicated | undefined = cluster ?? sentinels;
  const offsets = new History(join(folder, 'offsets.jsonl'));
  const single =
    cluster || sentinels
      ? undefined
      : await ChaosRedis.start({
          ...plan.redis,
          args: [...(plan.redis.args ?? []), ...(inCluster ? await nodeArguments() : [])],
          ...(environment && { environment }),
        });
  const around = inCluster && single ? await ClusterAround.start(single, plan.prefix) : undefined;
  const store = wanted<Store>(cluster ?? sentinels ?? single, 'a server');
  const proxy = plan.proxy
    ? new Proxy({ port: wanted(single, 'one server').port, random: random.fork('proxy') })
    : undefined;
  const about = { scenario: scenario.name, seed, size: size.name, server: store.version };
  writeFileSync(join(folder, 'plan.json'), JSON.stringify({ ...about, ...plan }, undefined, 2));

  const urls = new Map<string, number>();
  if (proxy) {
    for (let n = 1; n <= plan.services; n++)
      urls.set(`service-${n}`, await proxy.listen(`service-${n}`));
    for (let n = 1; n <= plan.callers; n++)
      urls.set(`caller-${n}`, await proxy.listen(`caller-${n}`));
  }
  const place = (name: string) => name.split('.')[0] as string;
  const fleet = new Fleet({
    plan,
    folder,
    library,
    log,
    random: random.fork('fleet'),
    whereFor: (name) => {
      const port = urls.get(place(name));
      if (around !== undefined) return around.where(port);
      return port === undefined ? store.where : { url: `redis://127.0.0.1:${port}` };
    },
    effectsUrl: single?.where.url,
    environmentFor: (name) => clocks?.environment(place(name)) ?? {},
  });
  const faults = new Faults(nemesis, () => pendingEntries(store, plan));
  const context: Context = {
    plan,
    size,
    fleet,
    faults,
    log,
    random: random.fork('faults'),
    get redis() {
      return wanted(single, 'one server');
    },
    get cluster() {
      return wanted(cluster, 'a cluster');
    },
    get watched() {
      return wanted(sentinels, 'Sentinels');
    },
    get replicated() {
      return wanted(replicated, 'replicas');
    },
    get proxy() {
      return wanted(proxy, 'a proxy');
    },
    get clocks() {
      return wanted(clocks, 'clocks');
    },
    made: async () => {
      const progress = await Promise.all(
        fleet.callers.map((caller) => caller.ask<{ issued: number }>('progress')),
      );
      const issued = progress.reduce((sum, each) => sum + (each?.issued ?? 0), 0);
      return issued - plan.callers * warmUp.count >= plan.calls;
    },
  };
  if (plan.crashes) {
    fleet.keepAlive();
    fleet.crashed = (child) => void crash(faults, child);
  }
  const unwatch = [
    watchLeases({ redis: store, plan, log }),
    ...(replicated ? [watchOffsets(replicated, offsets)] : []),
  ];
  try {
    await fleet.start();
    await fleet.loadAll(warmUp);
    await fleet.vitals('before');
    log.write({ k: 'load', t: now() });
    await underLoad(scenario, context);
    log.write({ k: 'loaded', t: now() });
    await store.look?.();
    await quiet({ redis: store, plan, log }, plan.quietWithin);
    // Reply logs are trimmed a moment later, and timers run out.
    await pause(plan.restFor);
    await fleet.vitals('after');
    await fleet.end();
    await abandoned({ redis: store, plan, log });
  } catch (error) {
    log.write({ k: 'aborted', text: stackOf(error), t: now() });
  } finally {
    for (const stop of unwatch) stop();
    await fleet.killAll();
    await proxy?.close();
    await around?.stop();
    await store.stop();
    clocks?.remove();
    log.close();
    nemesis.close();
    offsets.close();
  }
  return folder;
}

/** After its start a master takes longer until it serves, and so do calls. */
function clustered(plan: WholePlan): WholePlan {
  const { resumeWithin } = plan.expect;
  if (resumeWithin === undefined) return plan;
  return { ...plan, expect: { ...plan.expect, resumeWithin: resumeWithin + REJOIN } };
}

/** Lets the callers call until the faults are over, and waits until all calls have ended. */
async function underLoad(scenario: Scenario, context: Context): Promise<void> {
  const { plan, fleet } = context;
  const { calls, rate, cap, callers } = plan;
  const { waves } = plan;
  const load: Load = {
    count: Math.ceil(calls / callers / waves),
    rate: rate / callers,
    cap: Math.ceil(cap / callers),
    patient: scenario.faults !== undefined,
    within: plan.loadWithin,
  };
  // All waves but the last end when they have made their calls.
  const loaded = (async () => {
    for (let wave = 1; wave < waves; wave++) await fleet.loadAll({ ...load, patient: false });
    await fleet.loadAll(load);
  })();
  if (scenario.faults !== undefined) {
    await scenario.faults(context);
    for (const caller of fleet.callers) caller.tell({ kind: 'enough' });
  }
  await loaded;
}

/** A handler ended its process. What the process held is lost, as by a kill. */
async function crash(faults: Faults, child: Child): Promise<void> {
  const fault = await faults.begin('crash', {
    targets: [child.name],
    excuses: 'owned',
    blind: true,
  });
  fault.end();
}

async function pendingEntries(
  { admin }: Store,
  { prefix, mix }: WholePlan,
): Promise<number | undefined> {
  if (admin.status !== 'ready') return undefined;
  let pending = 0;
  for (const pattern of new Set(mix.map((kind) => kind.pattern))) {
    const summary = await admin.xpending(`{${prefix}}:s:${pattern}`, 'service').catch(() => [0]);
    pending += Number(summary[0]);
  }
  return pending;
}

/** What went wrong, and where. */
const stackOf = (error: unknown) =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

function wanted<T>(thing: T | undefined, what: string): T {
  if (thing === undefined) throw new Error(`the plan does not ask for ${what}`);
  return thing;
}

function openFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `nrs-chaos-${name}-`));
  for (const part of ['services', 'callers']) mkdirSync(join(folder, part));
  return folder;
}
