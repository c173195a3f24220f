// One run of one scenario: a server, a fleet, load, faults, quiet, end. It only acts and writes
// histories; what they mean is for the checker to say.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { History } from '../kit/history.mjs';
import { Clocks } from '../kit/faketime.mjs';
import { Random } from '../kit/random.mjs';
import { now, pause } from '../kit/time.mjs';
import { Proxy } from '../proxy/proxy.mjs';
import { Faults } from './faults.mjs';
import { Fleet } from './fleet.mjs';
import { abandoned, quiet } from './inspection.mjs';
import { watchLeases } from './lease-watch.mjs';
import { withDefaults } from './plan.mjs';
import { ChaosRedis } from './redis.mjs';

/** Before anything is broken: connections are made, code is warm, and a first measure is taken. */
const warmUp = { count: 250, rate: 0, cap: 40, patient: false, warmUp: true, within: 60_000 };

/**
 * @param {{ scenario: import('../scenarios/index.mjs').Scenario, seed: number,
 *   size: import('../kit/size.mjs').Size, library: string }} of
 * @returns {Promise<string>} folder of the histories
 */
export async function play({ scenario, seed, size, library }) {
  const random = new Random(`${seed}/${scenario.name}`);
  const plan = withDefaults(scenario.plan({ size, random: random.fork('plan') }));
  const folder = openFolder(scenario.name);
  const log = new History(join(folder, 'run.jsonl'));
  const nemesis = new History(join(folder, 'nemesis.jsonl'));
  const clocks = plan.clocks ? new Clocks() : undefined;
  const environment = clocks?.environment('redis');
  const redis = await ChaosRedis.start({ ...plan.redis, ...(environment && { environment }) });
  const proxy = plan.proxy ? new Proxy(redis.port, random.fork('proxy')) : undefined;
  const about = { scenario: scenario.name, seed, size: size.name, server: redis.version };
  writeFileSync(join(folder, 'plan.json'), JSON.stringify({ ...about, ...plan }, undefined, 2));

  const urls = new Map();
  if (proxy) {
    for (let n = 1; n <= plan.services; n++)
      urls.set(`service-${n}`, await proxy.listen(`service-${n}`));
    for (let n = 1; n <= plan.callers; n++)
      urls.set(`caller-${n}`, await proxy.listen(`caller-${n}`));
  }
  const place = (name) => name.split('.')[0];
  const fleet = new Fleet({
    plan,
    folder,
    library,
    log,
    random: random.fork('fleet'),
    urlFor: (name) => `redis://127.0.0.1:${urls.get(place(name)) ?? redis.port}`,
    environmentFor: (name) => clocks?.environment(place(name)) ?? {},
  });
  const faults = new Faults(nemesis, () => pendingEntries(redis, plan));
  const context = {
    plan,
    size,
    redis,
    proxy,
    clocks,
    fleet,
    faults,
    log,
    random: random.fork('faults'),
    began: 0,
    /** Whether the callers have made as many calls as the plan wants, the warm-up not counted. */
    made: async () => {
      const progress = await Promise.all(fleet.callers.map((caller) => caller.ask('progress')));
      const issued = progress.reduce((sum, each) => sum + (each?.issued ?? 0), 0);
      return issued - plan.callers * warmUp.count >= plan.calls;
    },
  };
  if (plan.crashes) {
    fleet.keepAlive();
    fleet.crashed = (child) => void crash(faults, child);
  }
  const unwatch = watchLeases({ redis, plan, log });
  try {
    await fleet.start();
    await fleet.loadAll(warmUp);
    await fleet.vitals('before');
    context.began = now();
    log.write({ k: 'load', t: context.began });
    await underLoad(scenario, context);
    log.write({ k: 'loaded', t: now() });
    await quiet({ redis, plan, log, within: plan.quietWithin });
    // Reply logs are trimmed and timers run out a moment later.
    await pause(plan.restFor);
    await fleet.vitals('after');
    await fleet.end();
    await abandoned({ redis, log });
  } catch (error) {
    log.write({ k: 'aborted', text: String(error?.stack ?? error), t: now() });
  } finally {
    unwatch();
    await fleet.killAll();
    await proxy?.close();
    await redis.stop();
    clocks?.remove();
    log.close();
    nemesis.close();
  }
  return folder;
}

/** The callers call until the faults are over, and everything they called for has ended. */
async function underLoad(scenario, context) {
  const { plan, fleet } = context;
  const { calls, rate, cap, callers } = plan;
  const { waves } = plan;
  const load = {
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
    for (const caller of fleet.callers) caller.tell('enough');
  }
  await loaded;
}

/** A handler ended its process: what it held is as lost as by a kill. */
async function crash(faults, child) {
  const fault = await faults.begin('crash', {
    targets: [child.name],
    excuses: 'owned',
    blind: true,
  });
  fault.end();
}

async function pendingEntries({ admin }, { prefix, mix }) {
  if (admin.status !== 'ready') return undefined;
  let pending = 0;
  for (const pattern of new Set(mix.map((kind) => kind.pattern))) {
    const summary = await admin.xpending(`{${prefix}}:s:${pattern}`, 'service').catch(() => [0]);
    pending += Number(summary[0]);
  }
  return pending;
}

function openFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `nrs-chaos-${name}-`));
  for (const part of ['services', 'callers']) mkdirSync(join(folder, part));
  return folder;
}
