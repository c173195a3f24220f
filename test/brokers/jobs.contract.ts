import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Controller, type Type } from '@nestjs/common';
import {
  Command,
  Contract,
  type ContractHandlers,
  Event,
  Implements,
  remote,
  Streamed,
} from '../../libs/redis-stream-transport/src/contracts/index.js';

/** The contracts of a test: nobody has sent anything by them, whatever the broker keeps. */
export function newContracts() {
  const namespace = `brokers-${randomUUID()}`;

  @Contract({ name: 'jobs', version: '1.0.0', namespace })
  abstract class JobsContract {
    @Command() work(id: number): Command<string> {
      return remote(id);
    }

    @Streamed() ticks(pauseMs: number): Streamed<number> {
      return remote(pauseMs);
    }
  }

  @Contract({ name: 'news', version: '1.0.0', namespace })
  abstract class NewsContract {
    @Event() told(id: number): Event {
      return remote(id);
    }

    /** Its handler fails the first time. */
    @Event() failing(id: number): Event {
      return remote(id);
    }
  }

  /** No service has it. */
  @Contract({ name: 'absent', version: '1.0.0', namespace })
  abstract class AbsentContract {
    @Command() work(id: number): Command<string> {
      return remote(id);
    }
  }

  return { JobsContract, NewsContract, AbsentContract };
}

export type Contracts = ReturnType<typeof newContracts>;

/** What the instances of a test did. */
export interface Journal {
  readonly lines: string[];
  /** Ends the handlers that nothing else ends. */
  over: boolean;
}

export function jobsOf({ JobsContract }: Contracts, instance: string, journal: Journal): Type {
  @Controller()
  @Implements(JobsContract)
  class JobsController implements ContractHandlers<InstanceType<Contracts['JobsContract']>> {
    async work(id: number): Promise<string> {
      journal.lines.push(`${instance} ${id}`);
      // Long enough for every instance to get some.
      await pause(60);
      return instance;
    }

    async *ticks(pauseMs: number): AsyncGenerator<number> {
      try {
        for (let i = 0; !journal.over; i++) {
          await pause(pauseMs);
          journal.lines.push(`tick ${i}`);
          yield i;
        }
      } finally {
        journal.lines.push('ended');
      }
    }
  }
  return JobsController;
}

export function newsOf({ NewsContract }: Contracts, service: string, { lines }: Journal): Type {
  @Controller()
  @Implements(NewsContract)
  class NewsController implements ContractHandlers<InstanceType<Contracts['NewsContract']>> {
    told(id: number): void {
      lines.push(`${service} ${id}`);
    }

    failing(id: number): void {
      const line = `${service} fails ${id}`;
      const first = !lines.includes(line);
      lines.push(line);
      if (first) throw new Error('the first time');
    }
  }
  return NewsController;
}
