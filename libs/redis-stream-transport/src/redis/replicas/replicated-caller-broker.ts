import type { Connection } from '../connect.js';
import { CallerBroker, type Batch, type CallInDoubt, type LogRecord } from '../caller-broker.js';
import type { CommandFailure } from '../failure.js';
import { RECORD_LIFE } from '../lua/caller-record.js';
import type { Decision, Fate } from '../operations/calling/decide.js';
import type { Scheduled } from '../operations/scheduling/withdraw.js';
import type { EnqueueAnswer } from '../verdict.js';
import type { Replicas } from './replicas.js';

/** For a caller to whom something counts as stored, or answered, only when enough replicas have it. */
export class ReplicatedCallerBroker extends CallerBroker {
  constructor(
    { link, keys, maxBacklog }: Pick<CallerBroker, 'link' | 'keys' | 'maxBacklog'>,
    callerId: string,
    private readonly replicas: Replicas,
  ) {
    super(link, keys, callerId, maxBacklog);
  }

  /** Replicas are asked right after the batch: that takes no further way to Redis and back. */
  override async enqueue(batch: Batch): Promise<EnqueueAnswer> {
    const on = this.link.current;
    const sent = super.enqueue(batch);
    const kept = this.replicas.confirm(on);
    kept.catch(() => undefined);
    const answer = await sent;
    if (answer.kind !== 'applied') return answer;
    const unsafe = await this.whyUnsafe(kept);
    if (unsafe === undefined) return answer;
    const sections = answer.sections.map((each) => Object.assign({ unsafe }, each));
    return { ...answer, sections };
  }

  /** Only a deletion that lasts proves that a call does not run. */
  override async decide(calls: readonly CallInDoubt[]): Promise<Decision> {
    const on = this.link.current;
    const decision = await super.decide(calls);
    if (!decision.fates.some(({ kind }) => kind === 'not-run')) return decision;
    const isKept = await this.replicas.confirm(on).catch(() => false);
    if (isKept) return decision;
    const fates = decision.fates.map((fate) => (fate.kind === 'not-run' ? PERHAPS : fate));
    return { ...decision, fates };
  }

  /** What was withdrawn on this server alone may be due on another. */
  override async withdraw(entries: readonly Scheduled[]): Promise<string[]> {
    const on = this.link.current;
    const answers = await super.withdraw(entries);
    if (!answers.includes('withdrawn')) return answers;
    if (await this.haveAll(on).catch(() => false)) return answers;
    return answers.map((answer) => (answer === 'withdrawn' ? 'gone' : answer));
  }

  /** Resolves when enough replicas have the frames. */
  override async readLog(after: string, count: number): Promise<LogRecord[]> {
    const on = this.link.current;
    const page = await super.readLog(after, count);
    // Redis waits each time, so this asks once in `timeout` milliseconds. A lost connection ends it.
    while (page.length > 0 && !(await this.haveAll(on))) continue;
    return page;
  }

  /** Whether enough replicas have all that this server wrote until now, whoever asked for it. */
  haveAll(on: Connection | undefined): Promise<boolean> {
    // Replicas are asked about the last write of a connection, so there must be one now.
    this.link.command('pexpire', [this.recordKey, String(RECORD_LIFE)]).catch(() => undefined);
    return this.replicas.confirm(on);
  }

  /** Undefined: it is safe. Rejects when the connection is gone: then the batch is repeated under its number. */
  private async whyUnsafe(kept: Promise<boolean>): Promise<Error | undefined> {
    try {
      return (await kept) ? undefined : this.replicas.tooFew();
    } catch (error) {
      const failure = error as CommandFailure;
      if (failure.kind === 'refused') return failure;
      throw failure;
    }
  }
}

const PERHAPS: Fate = { kind: 'may', owner: undefined };
