// A process of the fleet: forked, asked, killed, frozen, and ended for certain.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { now } from '../kit/time.mjs';

const upWithin = 30_000;
const answerWithin = 15_000;
const endWithin = 15_000;

const alive = new Set();
process.on('exit', () => {
  for (const child of alive) {
    child.kill('SIGKILL');
  }
});

export class Child {
  /** Why it will end; an end without a reason is a fault of the library. */
  expected;
  frozen = false;
  /** @readonly */
  #questions = new Map();
  #asked = 0;

  /**
   * @param {{ name: string, kind: 'service' | 'caller', file: URL, given: object, output: string,
   *   environment?: Record<string, string>, log: import('../kit/history.mjs').History }} of
   */
  constructor({ name, kind, file, given, output, environment, log }) {
    this.name = name;
    this.kind = kind;
    this.log = log;
    const stream = openSync(output, 'a');
    this.process = fork(file, [JSON.stringify({ name, ...given })], {
      execArgv: ['--expose-gc', '--max-old-space-size=1500'],
      env: { ...process.env, ...environment, NO_COLOR: '1' },
      stdio: ['ignore', stream, stream, 'ipc'],
    });
    closeSync(stream);
    alive.add(this.process);
    log.write({ k: 'spawn', name, kind, pid: this.process.pid, t: now() });
    this.up = this.#news('up', upWithin).then(() => log.write({ k: 'up', name, t: now() }));
    this.up.catch(() => {});
    this.process.on('message', ({ question, answer }) => this.#questions.get(question)?.(answer));
    this.ended = once(this.process, 'exit').then(([code, signal]) => {
      alive.delete(this.process);
      log.write({ k: 'exit', name, kind, code, signal, expected: this.expected, t: now() });
      return { code, signal, t: now() };
    });
  }

  get isAlive() {
    return alive.has(this.process);
  }

  /** Undefined when the process ends or stays silent instead of answering. */
  async ask(kind, rest = {}, within = answerWithin) {
    if (!this.isAlive) return undefined;
    const question = ++this.#asked;
    const answer = new Promise((resolve) => this.#questions.set(question, resolve));
    let timer;
    const silence = new Promise((resolve) => (timer = setTimeout(resolve, within)));
    this.process.send({ question, kind, ...rest }, () => {});
    try {
      return await Promise.race([answer, silence, this.ended.then(() => undefined)]);
    } finally {
      clearTimeout(timer);
      this.#questions.delete(question);
    }
  }

  tell(kind, rest = {}) {
    if (this.isAlive) this.process.send({ kind, ...rest }, () => {});
  }

  kill(because) {
    this.expected ??= because;
    this.process.kill('SIGKILL');
    return this.ended;
  }

  /** As an orchestrator ends a process. */
  async terminate(because) {
    this.expected ??= because;
    this.process.kill('SIGTERM');
    const impatience = setTimeout(() => this.process.kill('SIGKILL'), endWithin);
    const how = await this.ended;
    clearTimeout(impatience);
    return how;
  }

  freeze() {
    this.frozen = true;
    this.process.kill('SIGSTOP');
  }

  thaw() {
    this.frozen = false;
    this.process.kill('SIGCONT');
  }

  #news(kind, within) {
    return new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`${this.name} ${why}`));
      const timer = setTimeout(() => fail('is not ready in time'), within);
      this.process.on('message', (message) => {
        if (message.kind === kind) resolve(message);
        if (message.kind === 'failed') fail(`failed: ${message.message}`);
      });
      this.process.once('exit', () => fail('ended before it was ready'));
      const done = () => clearTimeout(timer);
      this.process.once('exit', done);
      this.process.on('message', ({ kind: got }) => got === kind && done());
    });
  }
}
