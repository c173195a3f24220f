// Everything that was measured, as it comes in.
import { benchVersionOf, isInstalled, versionOf } from '../harness/libraries.js';
import { keyText, nameOf, type Cell, type Fact, type Key } from './cells.js';
import type { Team } from '../harness/team.js';

const OURS = ['@nestjs/core', '@nestjs/microservices', 'ioredis'];
const THEIRS = ['ioredis', 'bullmq', 'moleculer', '@nats-io/transport-node', 'amqplib'];

export class Results {
  cells: Cell[] = [];
  facts: Fact[] = [];
  versions: Record<string, string> = {
    node: process.versions.node,
    ...Object.fromEntries(OURS.map((name) => [name, versionOf(name)])),
    ...Object.fromEntries(
      THEIRS.filter(isInstalled).map((name) => [`${name} (peers)`, benchVersionOf(name)]),
    ),
  };

  /** What is not as it must be: the run ends with an exit code that says so. */
  readonly failures: string[] = [];
  private readonly said: Set<string> = new Set();

  say(text: string) {
    console.error(text);
  }

  /** What is as true later in a run. */
  sayOnce(text: string) {
    if (this.said.has(text)) return;
    this.said.add(text);
    this.say(text);
  }

  failed(text: string) {
    this.failures.push(text);
    this.say(`failed: ${text}`);
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
