// One instance of a service, and the journal in which it writes down what it executes.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ending } from '../../tools/process.js';
import { Child, type Surroundings } from './child.js';

const readyWithinMs = 30_000;

export interface ServiceOptions {
  readonly name: string;
  readonly group: string;
  /** It handles events and answers no calls; by default it does both. */
  readonly eventsOnly?: boolean;
}

export class Service extends Child {
  state: 'starting' | 'running' | 'killed' | 'ended' = 'starting';
  readonly group: string;
  private readonly journal: string;

  constructor({ name, group, env, folder, eventsOnly = false }: ServiceOptions & Surroundings) {
    const journal = join(folder, `${name}.journal`);
    const args = ['--name', name, '--group', group, '--journal', journal];
    if (eventsOnly) args.push('--events-only');
    super({ app: 'demo-service', name, args, env, folder });
    this.group = group;
    this.journal = journal;
  }

  async ready(): Promise<this> {
    await this.message((message): message is 'ready' => message === 'ready', readyWithinMs);
    this.state = 'running';
    return this;
  }

  override kill(): Promise<Ending> {
    this.state = 'killed';
    return super.kill();
  }

  override terminate(): Promise<Ending> {
    this.state = 'ended';
    return super.terminate();
  }

  /** The ids of the calls or events in the lines of one kind: started, finished or handled. */
  journaled(kind: 'started' | 'finished' | 'handled'): string[] {
    if (!existsSync(this.journal)) return [];
    const lines = readFileSync(this.journal, 'utf8').split('\n');
    return lines
      .filter((line) => line.startsWith(`${kind} `))
      .map((line) => line.split(' ')[1] as string);
  }

  /** How many handlers run at the moment, or ran when the process died. */
  handlersRunning(): number {
    return this.journaled('started').length - this.journaled('finished').length;
  }
}
