// Everything that was measured, as it comes in.
import { benchVersionOf, versionOf } from '../harness/libraries.mjs';

/**
 * One measurement.
 * @typedef {object} Cell
 * @property {string} mode
 * @property {string} peer
 * @property {number} round
 * @property {string} load closed, open or events
 * @property {string} pattern
 * @property {string} payload
 * @property {number} [concurrency]
 * @property {number} [rate]
 * @property {number} instances
 * @property {number} seconds
 * @property {number} calls
 * @property {number} callsPerSecond
 * @property {number | null} p50ms
 * @property {number | null} p99ms
 * @property {number | null} p999ms
 * @property {number | null} maxMs
 * @property {number} cpuPer10k
 * @property {{ client: number, service: number, broker: number }} cpu per 10,000 calls
 * @property {{ client: number, service: number, broker: number | null }} rssMb
 * @property {number} errors
 * @property {number} skipped
 * @property {number} unanswered
 * @property {number[]} perService
 */

/** @typedef {Record<string, string | number | boolean>} Key */

/** @typedef {{ mode: string, key: Key, values: Record<string, number> }} Fact */

const OURS = ['@nestjs/core', '@nestjs/microservices', 'ioredis'];
const THEIRS = ['ioredis', 'bullmq', 'moleculer', '@nats-io/transport-node', 'amqplib'];

export class Results {
  /** @type {Cell[]} */
  cells = [];
  /** @type {Fact[]} */
  facts = [];
  /** @type {Record<string, string>} */
  versions = {
    node: process.versions.node,
    ...Object.fromEntries(OURS.map((name) => [name, versionOf(name)])),
    ...Object.fromEntries(THEIRS.map((name) => [`${name} (peers)`, benchVersionOf(name)])),
  };

  /** @param {string} text */
  say(text) {
    console.error(text);
  }

  /** @param {import('../harness/team.mjs').Team} team */
  met(team) {
    if (team.broker.version !== undefined) this.versions[team.peer] = team.broker.version;
  }

  /** @param {Cell} cell */
  add(cell) {
    this.cells.push(cell);
    const { round, peer, callsPerSecond, p50ms, errors, unanswered } = cell;
    const trouble = errors + unanswered > 0 ? `, ${errors} errors, ${unanswered} unanswered` : '';
    const latency = p50ms === null ? '' : `, p50 ${p50ms.toFixed(2)} ms`;
    this.say(
      `round ${round}  ${nameOf(cell)}  ${peer}: ${Math.round(callsPerSecond)}/s${latency}${trouble}`,
    );
  }

  /** @param {string} mode @param {Key} key @param {Record<string, number>} values */
  fact(mode, key, values) {
    this.facts.push({ mode, key, values });
    const shown = Object.entries(values).map(([name, value]) => `${name} ${value.toFixed(2)}`);
    this.say(`${mode}  ${keyText(key)}: ${shown.join(', ')}`);
  }
}

/** @param {Key} key */
export const keyText = (key) =>
  Object.entries(key)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

/** What was done, without who did it and when. @param {Cell} cell */
export function nameOf({ mode, load, payload, concurrency, rate, instances }) {
  const size = payload === '100B' ? '' : `, ${payload}`;
  const processes = mode === 'instances' ? `, ${instances} service${instances > 1 ? 's' : ''}` : '';
  if (load === 'open') return `${rate} calls/s${size}`;
  if (load === 'events') return 'events';
  return `${concurrency} in flight${size}${processes}`;
}
