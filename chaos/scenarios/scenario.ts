import type { Faults } from '../fleet/faults.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Plan, WholePlan } from '../fleet/plan.js';
import type { ChaosCluster } from '../fleet/cluster.js';
import type { ChaosWatched } from '../fleet/watched.js';
import type { ChaosRedis } from '../fleet/redis.js';
import type { Replicated } from '../fleet/store.js';
import type { Clocks } from '../kit/faketime.js';
import type { History } from '../kit/history.js';
import type { Random } from '../../tools/random.js';
import type { Size } from '../kit/size.js';
import type { Proxy } from '../../tools/tcp-proxy/proxy.js';

/** What the faults of a scenario can use. */
export interface Context<P extends Plan = Plan> {
  readonly plan: WholePlan<P>;
  readonly size: Size;
  /** Throws if the plan asks for another kind of store. */
  readonly redis: ChaosRedis;
  /** Throws if the plan does not ask for a cluster. */
  readonly cluster: ChaosCluster;
  /** Throws if the plan does not ask for Sentinels. */
  readonly watched: ChaosWatched;
  /** The cluster, or the master that Sentinels watch. Throws if the plan asks for neither. */
  readonly replicated: Replicated;
  readonly fleet: Fleet;
  readonly faults: Faults;
  readonly random: Random;
  readonly log: History;
  /** Throws if the plan does not ask for a proxy. */
  readonly proxy: Proxy;
  /** Throws if the plan does not ask for clocks. */
  readonly clocks: Clocks;
  /** Whether the callers have made as many calls as the plan wants, the warm-up not counted. */
  readonly made: () => Promise<boolean>;
}

/** A scenario with a plan of its own kind. */
export interface Script<P extends Plan> {
  readonly name: string;
  readonly title: string;
  plan(of: { size: Size; random: Random }): P;
  /** Why it cannot be played here. */
  missing?(): string | false | undefined;
  /** Until it is over, callers go on calling. */
  faults?(context: Context<P>): Promise<unknown>;
}

export type Scenario = Script<Plan>;

/** Its faults get the plan that the scenario itself has made; no other code needs to know its type. */
export const scenario = <P extends Plan>(script: Script<P>): Scenario => script;
