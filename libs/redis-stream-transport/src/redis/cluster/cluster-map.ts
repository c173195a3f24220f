import type { NodeAddress, RedisTarget } from '../../options/index.js';
import { thrownText } from '../../thrown.js';
import { askCredentials } from '../credentials.js';
import { deadline, pause } from '../pauses.js';
import { ownTurn } from '../turns.js';
import { namedNodes, placed } from './addresses.js';
import { isReply, NodeQuestions } from './ask-node.js';
import type { NamedNode, NodeView, OwnedRange } from './node-view.js';
import { clusterOf, nameOf, type ClusterPlace } from './nodes.js';

/** Of the nodes that the user named, and of those that others named: how many one look-up asks. */
const ASKED_OF_EACH = 4;
/** Nodes whose connections are kept at once, in any case: each look-up asks eight at most. */
const MOST_ASKED = 32;
/** Milliseconds that a node may take, unless the user sets `slotsRefreshTimeout`. */
const TIMEOUT = 1000;
/** Milliseconds in which others may answer after the first: one may know better. */
const OTHERS = 50;
/**
 * Milliseconds from the begin of one look-up to that of the next. While a master is dead, the links of its shards fail
 * again and again, each at its own time: those that ask meanwhile share the next answer, and with it the attempt to connect.
 */
const APART = 200;
/** How many failures an error names. */
const NAMED = 4;

/**
 * Knows which node owns a slot, for all connections to a Cluster. One look-up at a time asks several nodes at once, and
 * its answers serve until a connection is in doubt. If nodes disagree, the owner with the highest epoch counts.
 */
export class ClusterMap {
  private views: readonly NodeView[] = [];
  private asking: Promise<readonly NodeView[]> | undefined;
  /** When the last look-up began (monotonic, ms). */
  private begun = Number.NEGATIVE_INFINITY;
  /** The nodes that others named in the last look-up. */
  private known: readonly NamedNode[] = [];
  /** By name, the latest ones. */
  private readonly asked = new Map<string, NodeQuestions>();

  constructor(private readonly target: RedisTarget) {}

  /**
   * The node that owns the slot, with what is particular to the connection to it. Rejects with Redis' own error if a
   * node refused to answer, else with what each said.
   */
  async ownerOf(slot: number): Promise<NodeAddress> {
    const owner = ownerIn(this.views, slot) ?? ownerIn(await this.look(), slot);
    if (owner === undefined) throw new Error(whyNobodyOwns(slot, this.views));
    return reachable(owner, placeOf(this.target));
  }

  /** A connection to an owner has ended, or its slots have moved: the next question is asked anew. */
  doubt(): void {
    this.views = [];
  }

  private questions(node: NodeAddress): NodeQuestions {
    const name = nameOf(node);
    const asked = this.asked.get(name) ?? new NodeQuestions(node);
    this.asked.delete(name);
    this.asked.set(name, asked);
    if (this.asked.size > MOST_ASKED) this.asked.delete(this.asked.keys().next().value as string);
    return asked;
  }

  private look(): Promise<readonly NodeView[]> {
    this.asking ??= this.askInTime().finally(() => (this.asking = undefined));
    return this.asking;
  }

  private async askInTime(): Promise<readonly NodeView[]> {
    const early = this.begun + APART - performance.now();
    if (early > 0) await pause(early);
    this.begun = performance.now();
    return this.ask();
  }

  private async ask(): Promise<readonly NodeView[]> {
    const place = placeOf(this.target);
    const credentials = await askCredentials(this.target);
    const options = { ...place.options.redisOptions, ...credentials };
    const timeout = place.options.slotsRefreshTimeout ?? TIMEOUT;
    const limit = deadline(timeout, 'the names of the nodes were not found in time');
    const nodes = await Promise.race([toAsk(place, this.known), limit.promise]);
    limit.cancel();
    const asked = nodes.map((node): Question => {
      const answer = ownTurn().then(() => this.questions(node).ask(options, timeout));
      return [node, answer];
    });
    const views = await viewsOf(asked);
    this.known = views.flatMap((view) => view.nodes);
    return (this.views = views);
  }
}

type Question = readonly [node: NodeAddress, answer: Promise<NodeView>];

/** Waits for the first answer, and a moment longer for others. */
async function viewsOf(questions: readonly Question[]): Promise<NodeView[]> {
  const views: NodeView[] = [];
  const failures: string[] = [];
  let refusal: Error | undefined;
  const answers = questions.map(async ([node, answer]) => {
    try {
      views.push(await answer);
    } catch (error) {
      if (isReply(error)) refusal ??= error as Error;
      failures.push(`${nameOf(node)}: ${thrownText(error)}`);
      throw error;
    }
  });
  const all = Promise.allSettled(answers);
  await Promise.any(answers).catch(() => undefined);
  const others = deadline(OTHERS, 'enough');
  await Promise.race([all, others.promise]).catch(() => undefined);
  others.cancel();
  if (views.length > 0) return [...views];
  throw (
    refusal ?? new Error(`no node of the Cluster answers: ${failures.slice(0, NAMED).join('; ')}`)
  );
}

/** Some of the nodes that the user named, and some that others named; each once. */
async function toAsk(place: ClusterPlace, known: readonly NamedNode[]): Promise<NodeAddress[]> {
  const named = some(place.nodes).map((node) => namedNodes(node, place.options));
  const others = some(known).map(async (node) => [await reachable(node, place)]);
  const found = await Promise.allSettled([...named, ...others]);
  const nodes = new Map<string, NodeAddress>();
  for (const each of found) {
    if (each.status === 'fulfilled') for (const node of each.value) nodes.set(nameOf(node), node);
  }
  const [first] = found;
  if (nodes.size === 0 && first?.status === 'rejected') throw first.reason;
  return [...nodes.values()];
}

/**
 * Where a node is that another one named. What the user said of that node, such as a password, counts for it alone; but the
 * options of TLS count for those that it names.
 */
async function reachable(node: NamedNode, { nodes, options }: ClusterPlace): Promise<NodeAddress> {
  const { natMap } = options;
  const name = nameOf(node);
  const { host, port } = (typeof natMap === 'function' ? natMap(name) : natMap?.[name]) ?? node;
  const own = nodes.find((each) => each.host === host && each.port === port);
  const { tls = node.tls } = own ?? {};
  return placed({ ...own, ...(tls ? { tls } : {}), host, port }, options);
}

/** The owner of a slot with the highest epoch. */
function ownerIn(views: readonly NodeView[], slot: number): NamedNode | undefined {
  return latest(
    views.map(({ ranges }) => ranges),
    slot,
  );
}

function whyNobodyOwns(slot: number, views: readonly NodeView[]): string {
  const former = latest(
    views.map(({ lost }) => lost),
    slot,
  );
  if (former === undefined) return `no node of the Cluster owns slot ${slot}`;
  return `the master of slot ${slot}, ${nameOf(former)}, has failed, and none has taken over`;
}

/** The owner with the highest epoch in what several nodes say. */
function latest(said: readonly (readonly OwnedRange[])[], slot: number): NamedNode | undefined {
  let best: OwnedRange | undefined;
  for (const ranges of said) {
    const range = ranges.find(({ from, to }) => slot >= from && slot <= to);
    if (range !== undefined && (best === undefined || range.epoch > best.epoch)) best = range;
  }
  return best?.owner;
}

function some<T>(list: readonly T[]): T[] {
  const chances = list.map((each) => [Math.random(), each] as const);
  return chances
    .toSorted(([a], [b]) => a - b)
    .slice(0, ASKED_OF_EACH)
    .map(([, each]) => each);
}

function placeOf(target: RedisTarget): ClusterPlace {
  const place = clusterOf(target);
  if (place === undefined) throw new Error('the target is no Cluster');
  return place;
}
