// One instance of a service, and the journal in which it writes down what it executes.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child.mjs';

const readyWithinMs = 30_000;

export class Service extends Child {
  state = 'starting';

  constructor({ name, group, env, folder, eventsOnly = false }) {
    const journal = join(folder, `${name}.journal`);
    const args = ['--name', name, '--group', group, '--journal', journal];
    if (eventsOnly) args.push('--events-only');
    super({ app: 'demo-service', name, args, env, folder });
    this.group = group;
    this.journal = journal;
  }

  async ready() {
    await this.message((message) => message === 'ready', readyWithinMs);
    this.state = 'running';
    return this;
  }

  async kill() {
    this.state = 'killed';
    await super.kill();
  }

  async terminate() {
    this.state = 'ended';
    return super.terminate();
  }

  /** The ids of the calls or events in the lines of one kind: started, finished or handled. */
  journaled(kind) {
    if (!existsSync(this.journal)) return [];
    const lines = readFileSync(this.journal, 'utf8').split('\n');
    return lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.split(' ')[1]);
  }

  /** How many handlers run at the moment, or ran when the process died. */
  handlersRunning() {
    return this.journaled('started').length - this.journaled('finished').length;
  }
}
