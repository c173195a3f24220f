// A service or client process, seen from the bench.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const entry = join(import.meta.dirname, 'member-process.mjs');
const closeWithinMs = 15_000;

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export class Member {
  #child;
  #peer;
  #nextId = 0;
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  #asked = new Map();
  #output = '';

  /**
   * @param {'service' | 'client'} role
   * @param {string} peer
   * @param {string | undefined} cpuProf
   */
  constructor(role, peer, cpuProf) {
    this.#peer = `${role} of ${peer}`;
    const profile = cpuProf === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', cpuProf];
    const name = profile.length > 0 ? ['--cpu-prof-name', `${peer}.${role}.cpuprofile`] : [];
    this.#child = fork(entry, [role, peer], {
      execArgv: [...profile, ...name],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, NODE_ENV: 'production' },
    });
    running.add(this.#child);
    this.#child.on('message', (message) => this.#answered(message));
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk) => (this.#output = (this.#output + chunk).slice(-4000)));
    this.#child.once('exit', (code, signal) => {
      running.delete(this.#child);
      const error = new Error(
        `${this.#peer} ended with ${code ?? signal}\n${this.#output}`.trimEnd(),
      );
      for (const { reject } of this.#asked.values()) reject(error);
      this.#asked.clear();
    });
  }

  /** @param {string} what @param {any[]} args @returns {Promise<any>} */
  ask(what, ...args) {
    const id = ++this.#nextId;
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(new Error(`${this.#peer} has ended\n${this.#output}`.trimEnd()));
        return;
      }
      this.#asked.set(id, { resolve, reject });
      this.#child.send({ id, what, args });
    });
  }

  async close() {
    if (this.#ended) return;
    const impatience = setTimeout(() => this.#child.kill('SIGKILL'), closeWithinMs);
    await this.ask('close').catch(() => undefined);
    // Not a signal: a process that ends by itself writes its CPU profile.
    if (this.#child.connected) this.#child.disconnect();
    if (!this.#ended) await once(this.#child, 'exit');
    clearTimeout(impatience);
  }

  /** As a crash does it. */
  async kill() {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }

  get #ended() {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** @param {any} message */
  #answered({ id, result, error }) {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (error === undefined) asked?.resolve(result);
    else asked?.reject(new Error(`${this.#peer}: ${error}`));
  }
}
