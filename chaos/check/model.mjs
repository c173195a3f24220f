// The histories of a run as one model: calls, executions, faults, processes, and what was left.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readHistory } from '../kit/history.mjs';

/**
 * @typedef {object} Execution
 * @property {string} id of the call
 * @property {number} n counts the executions of a process
 * @property {string} process that ran it
 * @property {string} consumer
 * @property {number} delivery
 * @property {number} begin
 * @property {number} [finish] undefined when it was interrupted
 * @property {string} q hash of the request as the handler saw it
 *
 * @typedef {object} Call
 * @property {string} id
 * @property {string} caller
 * @property {string} pattern
 * @property {string} q hash of the request as it was made
 * @property {number} start
 * @property {number} timeout
 * @property {object[]} ends every outcome that was told
 * @property {Execution[]} executions in the order in which they began
 */

/** @param {string} folder */
export function readRun(folder) {
  const plan = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8'));
  const model = {
    plan,
    /** @type {Map<string, Call>} */
    calls: new Map(),
    /** Executions of calls that nobody made. */
    strays: [],
    /** @type {Map<string, object>} by name */
    processes: new Map(),
    faults: [],
    notes: [],
    quiet: undefined,
    left: undefined,
    aborted: undefined,
    loadedAt: undefined,
    loadAt: undefined,
    endingAt: undefined,
    revocations: [],
  };
  readFleet(model, join(folder, 'run.jsonl'));
  readFaults(model, join(folder, 'nemesis.jsonl'));
  for (const name of historiesIn(folder, 'callers')) readCaller(model, folder, name);
  for (const name of historiesIn(folder, 'services')) readService(model, folder, name);
  for (const call of model.calls.values()) call.executions.sort((a, b) => a.begin - b.begin);
  for (const { name } of model.processes.values()) readOutput(model, folder, name);
  return model;
}

function historiesIn(folder, part) {
  const where = join(folder, part);
  if (!existsSync(where)) return [];
  return readdirSync(where).map((file) => file.replace(/\.jsonl$/, ''));
}

export function processNamed(model, name, kind) {
  let known = model.processes.get(name);
  if (known === undefined) {
    known = {
      name,
      kind,
      logs: [],
      stalls: [],
      statuses: [],
      links: [],
      unhandled: [],
      vitals: {},
    };
    known.aborts = [];
    known.watched = [];
    model.processes.set(name, known);
  }
  return known;
}

function readFleet(model, file) {
  for (const event of existsSync(file) ? readHistory(file) : []) {
    const { k, name, kind, t } = event;
    if (k === 'spawn')
      Object.assign(processNamed(model, name, kind), { kind, pid: event.pid, spawned: t });
    else if (k === 'up') processNamed(model, name).up = t;
    else if (k === 'exit') processNamed(model, name, kind).exit = event;
    else if (k === 'vitals') processNamed(model, name, kind).vitals[event.when] = event;
    else if (k === 'quiet') model.quiet = event;
    else if (k === 'left') model.left = event;
    else if (k === 'aborted') model.aborted = event.text;
    else if (k === 'load') model.loadAt = t;
    else if (k === 'loaded') model.loadedAt = t;
    else if (k === 'ending') model.endingAt = t;
    else if (k === 'revoked') model.revocations.push(event);
    else model.notes.push(event);
  }
}

function readFaults(model, file) {
  const known = new Map();
  for (const event of existsSync(file) ? readHistory(file) : []) {
    if (event.k === 'fault') {
      const fault = { ...event, from: event.t, to: undefined };
      known.set(event.n, fault);
      model.faults.push(fault);
    } else if (event.k === 'over')
      Object.assign(known.get(event.n), { ...event, to: event.t, k: 'fault' });
    else model.notes.push(event);
  }
  // A fault that was still going on when the run ended.
  for (const fault of model.faults) fault.to ??= Number.POSITIVE_INFINITY;
}

function readCaller(model, folder, name) {
  const process = processNamed(model, name, 'caller');
  for (const event of readHistory(join(folder, 'callers', `${name}.jsonl`))) {
    if (event.k === 'start') {
      const { id, p: pattern, q, a: act, timeout, t: start } = event;
      callNamed(model, id, { caller: name, pattern, q, act, timeout, start });
    } else if (event.k === 'end') callNamed(model, event.id).ends.push(event);
    else readCommon(process, event);
  }
}

function readService(model, folder, name) {
  const process = processNamed(model, name, 'service');
  const running = new Map();
  for (const event of readHistory(join(folder, 'services', `${name}.jsonl`))) {
    const { k, n, t } = event;
    if (k === 'begin') {
      const { id, d: delivery, q, c: consumer, p: pattern } = event;
      const execution = { id, n, process: name, consumer, delivery, q, pattern, begin: t };
      running.set(n, execution);
      if (event.w) process.watched.push(execution);
      const call = model.calls.get(id);
      if (call === undefined) model.strays.push(execution);
      else call.executions.push(execution);
    } else if (k === 'finish') running.get(n).finish = t;
    else if (k === 'abort') process.aborts.push(event);
    else readCommon(process, event);
  }
}

function readCommon(process, event) {
  if (event.k === 'log') process.logs.push(event);
  else if (event.k === 'stall') process.stalls.push(event);
  else if (event.k === 'status') process.statuses.push(event);
  else if (event.k === 'link') process.links.push(event);
  else if (event.k === 'unhandled') process.unhandled.push(event);
}

function readOutput(model, folder, name) {
  const file = join(folder, `${name}.out`);
  const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  model.processes.get(name).output = text;
}

function callNamed(model, id, facts) {
  let call = model.calls.get(id);
  if (call === undefined) {
    call = { id, ends: [], executions: [] };
    model.calls.set(id, call);
  }
  return facts === undefined ? call : Object.assign(call, facts);
}

/** Milliseconds of an interval in which the process could do nothing, as it measured itself. */
export function stalledWithin(process, from, to) {
  let sum = 0;
  for (const stall of process?.stalls ?? []) {
    sum += Math.max(0, Math.min(to, stall.t) - Math.max(from, stall.from));
  }
  return sum;
}
