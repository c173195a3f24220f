// A process of the demo: forked, its output kept in a file, ended for certain.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const dist = join(import.meta.dirname, '..', '..', 'dist', 'apps');
const withParent = new URL('./end-with-parent.mjs', import.meta.url).href;
const endWithinMs = 15_000;

const alive = new Set();
process.on('exit', () => alive.forEach((child) => child.kill('SIGKILL')));

export class Child {
  constructor({ app, name, args, env, folder }) {
    this.name = name;
    this.output = join(folder, `${name}.log`);
    const log = openSync(this.output, 'a');
    this.process = fork(join(dist, app, 'main.js'), args, {
      env: { ...process.env, ...env, NO_COLOR: '1' },
      execArgv: ['--import', withParent],
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    alive.add(this.process);
    this.ended = once(this.process, 'exit').then(([code, signal]) => {
      alive.delete(this.process);
      return code ?? signal;
    });
  }

  /** Settles with what `event` brings; rejects if the process ends or stays silent instead. */
  async message(matches, withinMs) {
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), withinMs);
    const arrived = this.#arrival(matches, silence.signal);
    const gone = this.ended.then((how) => Promise.reject(new Error(`${this.name} ended: ${how}`)));
    try {
      return await Promise.race([arrived, gone]);
    } catch (error) {
      throw silence.signal.aborted ? new Error(`${this.name} says nothing`) : error;
    } finally {
      clearTimeout(timer);
      silence.abort();
    }
  }

  async #arrival(matches, signal) {
    for (;;) {
      const [message] = await once(this.process, 'message', { signal });
      if (matches(message)) return message;
    }
  }

  async kill() {
    this.process.kill('SIGKILL');
    await this.ended;
  }

  /** As an orchestrator ends a process; the answer is its exit code or the signal that ended it. */
  async terminate() {
    this.process.kill('SIGTERM');
    const impatience = setTimeout(() => this.process.kill('SIGKILL'), endWithinMs);
    const how = await this.ended;
    clearTimeout(impatience);
    return how;
  }

  lastLines(count) {
    return readFileSync(this.output, 'utf8').trimEnd().split('\n').slice(-count);
  }
}
