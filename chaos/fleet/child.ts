// A process of the fleet. What happens to it is written into the histories.
import { join } from 'node:path';
import { HOW_TO_GET, pythonAt } from '../../tools/python.js';
import { repository } from '../../tools/repository.js';
import { stripTypes, TOOLS } from '../../tools/strip-types.js';
import { Forked } from '../../tools/forked.js';
import type { Ending } from '../../tools/process.js';
import type { History } from '../kit/history.js';
import { now } from '../kit/time.js';

const upWithin = 30_000;
const answerWithin = 15_000;

/** A run starts many processes, so they start without a loader. */
const programs = stripTypes(['chaos/kit', 'chaos/processes', ...TOOLS]);

const PYTHON_CLIENT = join(repository, 'clients/python/src');

const inNode = (kind: Kind) => ({
  program: `${programs}/chaos/processes/${kind}.js`,
  execArgv: ['--expose-gc', '--max-old-space-size=1500'],
});

function inPythonBy(): { readonly program: string; readonly execPath: string } {
  const execPath = pythonAt();
  if (execPath === undefined) throw new Error(HOW_TO_GET);
  return { program: join(repository, 'chaos/processes/service.py'), execPath };
}

export type Kind = 'service' | 'caller';

/** Why a process will end; an end without a reason is a fault of the library. */
export type Reason = 'kill' | 'term' | 'end' | 'abandoned';

export interface ChildOptions {
  readonly name: string;
  /** It is a service in Python. */
  readonly inPython?: boolean;
  readonly kind: Kind;
  /** What the process is given when it starts; see processes/. */
  readonly given: object;
  /** File that gets the output of the process. */
  readonly output: string;
  readonly environment: Record<string, string>;
  readonly log: History;
  /** Hears what the process tells that answers no question. */
  readonly heard?: (news: News, from: Child) => void;
}

/** What a process tells. */
export interface News {
  readonly kind?: string;
  /** That another caller is to make. */
  readonly call?: { readonly id: string };
  readonly message?: string;
  readonly question?: number;
  readonly answer?: unknown;
}

export class Child extends Forked {
  expected: Reason | undefined;
  frozen = false;
  readonly kind: Kind;
  /** Resolves when it is ready, rejects when it ends instead or takes too long. */
  readonly up: Promise<void>;
  private readonly questions = new Map<number, (answer: unknown) => void>();
  private asked = 0;

  constructor(options: ChildOptions) {
    const { name, kind, given, output, environment, log, heard, inPython = false } = options;
    super({
      name,
      ...(inPython ? inPythonBy() : inNode(kind)),
      args: [JSON.stringify({ name, ...given })],
      env: { ...environment, NO_COLOR: '1', PYTHONPATH: PYTHON_CLIENT },
      output,
    });
    this.kind = kind;
    log.write({ k: 'spawn', name, kind, pid: this.pid, t: now() });
    this.up = this.ready().then(() => log.write({ k: 'up', name, t: now() }));
    this.up.catch(() => {});
    this.process.on('message', (news: News) => {
      if (news.question === undefined) heard?.(news, this);
      else this.questions.get(news.question)?.(news.answer);
    });
    this.process.once('exit', (code, signal) =>
      log.write({ k: 'exit', name, kind, code, signal, expected: this.expected, t: now() }),
    );
  }

  /** Undefined when the process ends or stays silent instead of answering. */
  async ask<T>(kind: string, rest: object = {}, within = answerWithin): Promise<T | undefined> {
    if (!this.isAlive) return undefined;
    const question = ++this.asked;
    const answer = new Promise<unknown>((resolve) => this.questions.set(question, resolve));
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), within);
    });
    this.tell({ question, kind, ...rest });
    try {
      return (await Promise.race([answer, silence, this.ended.then(() => undefined)])) as T;
    } finally {
      clearTimeout(timer);
      this.questions.delete(question);
    }
  }

  endBy(reason: 'kill' | 'end' | 'abandoned'): Promise<Ending> {
    this.expected ??= reason;
    return this.kill();
  }

  /** As an orchestrator ends a process. */
  leave(reason: 'term' | 'end'): Promise<Ending> {
    this.expected ??= reason;
    return this.terminate();
  }

  override freeze(): void {
    this.frozen = true;
    super.freeze();
  }

  override thaw(): void {
    this.frozen = false;
    super.thaw();
  }

  private async ready(): Promise<void> {
    const told = (message: unknown): message is News =>
      ['up', 'failed'].includes((message as News).kind ?? '');
    const { kind, message } = await this.message(told, upWithin);
    if (kind === 'failed') throw new Error(`${this.name} failed: ${message}`);
  }
}
