// Everything that was measured, as it comes in.
import { benchVersionOf, versionOf } from '../harness/libraries.js';
import type { Team } from '../harness/team.js';

/** One measurement. */
export interface Cell {
  mode: string;
  peer: string;
  round: number;
  /** closed, open or events */
  load: string;
  pattern: string;
  payload: string;
  concurrency?: number;
  rate?: number;
  instances: number;
  seconds: number;
  calls: number;
  callsPerSecond: number;
  p50ms: number | null;
  p99ms: number | null;
  p999ms: number | null;
  maxMs: number | null;
  cpuPer10k: number;
  /** per 10,000 calls */
  cpu: { client: number; service: number; broker: number };
  rssMb: { client: number; service: number; broker: number | null };
  errors: number;
  skipped: number;
  unanswered: number;
  perService: number[];
}

export type Key = Record<string, string | number | boolean>;

export type Fact = { mode: string; key: Key; values: Record<string, number> };

const OURS = ['@nestjs/core', '@nestjs/microservices', 'ioredis'];
const THEIRS = ['ioredis', 'bullmq', 'moleculer', '@nats-io/transport-node', 'amqplib'];

export class Results {
  cells: Cell[] = [];
  facts: Fact[] = [];
  versions: Record<string, string> = {
    node: process.versions.node,
    ...Object.fromEntries(OURS.map((name) => [name, versionOf(name)])),
    ...Object.fromEntries(THEIRS.map((name) => [`${name} (peers)`, benchVersionOf(name)])),
  };

  say(text: string) {
    console.error(text);
  }

  met(team: Team) {
    if (team.broker.version !== undefined) this.versions[team.peer] = team.broker.version;
  }

  add(cell: Cell) {
    this.cells.push(cell);
    const { round, peer, callsPerSecond, p50ms, errors, unanswered } = cell;
    const trouble = errors + unanswered > 0 ? `, ${errors} errors, ${unanswered} unanswered` : '';
    const latency = p50ms === null ? '' : `, p50 ${p50ms.toFixed(2)} ms`;
    this.say(
      `round ${round}  ${nameOf(cell)}  ${peer}: ${Math.round(callsPerSecond)}/s${latency}${trouble}`,
    );
  }

  fact(mode: string, key: Key, values: Record<string, number>) {
    this.facts.push({ mode, key, values });
    const shown = Object.entries(values).map(([name, value]) => `${name} ${value.toFixed(2)}`);
    this.say(`${mode}  ${keyText(key)}: ${shown.join(', ')}`);
  }
}

export const keyText = (key: Key) =>
  Object.entries(key)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

/** What was done, without who did it and when. */
export function nameOf({ mode, load, payload, concurrency, rate, instances }: Cell) {
  const size = payload === '100B' ? '' : `, ${payload}`;
  const processes = mode === 'instances' ? `, ${instances} service${instances > 1 ? 's' : ''}` : '';
  if (load === 'open') return `${rate} calls/s${size}`;
  if (load === 'events') return 'events';
  return `${concurrency} in flight${size}${processes}`;
}
