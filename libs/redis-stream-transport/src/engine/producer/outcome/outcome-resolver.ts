import type { CallerBroker, CallInDoubt, Fate } from '../../../redis/caller-broker.js';
import type { Call } from '../call.js';
import type { ReplyReader } from '../replies/reply-reader.js';

/** Calls that one script decides about. */
const PAGE = 100;

/** What can be said of a call that was given up. */
export type ResolvedOutcome = 'not-run' | 'may-have-run';

interface Asked {
  readonly call: Call;
  readonly ended: (ending: ResolvedOutcome) => void;
}

/**
 * Finds out from Redis what became of calls that were given up, and tells the instances that may be running them.
 * The calls of one turn are asked about together.
 */
export class OutcomeResolver {
  private asked: Asked[] = [];
  private working: Promise<void> = Promise.resolve();

  constructor(
    private readonly broker: CallerBroker,
    private readonly replies: ReplyReader,
  ) {}

  /** @param ended called once; with 'may-have-run' if Redis cannot be asked */
  ask(call: Call, ended: (ending: ResolvedOutcome) => void): void {
    this.asked.push({ call, ended });
    if (this.asked.length > 1) return;
    const before = this.working;
    this.working = new Promise<void>((resolve) => {
      setImmediate(() => void this.decide().finally(resolve));
    }).then(() => before);
  }

  /** Resolves when all calls that were asked about are decided, and their owners are told. */
  done(): Promise<void> {
    return this.working;
  }

  private async decide(): Promise<void> {
    const asked = this.asked;
    this.asked = [];
    const pages: Asked[][] = [];
    for (let from = 0; from < asked.length; from += PAGE)
      pages.push(asked.slice(from, from + PAGE));
    // All pages at once: thousands of calls may expire in the same tick, and each waits only a fraction of a second.
    await Promise.all(
      pages.map((page) =>
        this.decidePage(page).catch(() => {
          for (const { ended } of page) ended('may-have-run');
        }),
      ),
    );
  }

  private async decidePage(page: readonly Asked[]): Promise<void> {
    const withdrawn = await this.withdraw(page);
    const { fates, incarnation } = await this.broker.decide(page.map(({ call }) => inDoubt(call)));
    const gone = page.some(({ call }, i) => fates[i]?.kind === 'gone' && !withdrawn.has(call));
    // Entries that are gone were settled. Replies that have not arrived yet are in the log.
    if (gone) await this.replies.catchUp().catch(() => undefined);
    const notices = new Map<string, string[]>();
    for (const [i, { call, ended }] of page.entries()) {
      const fate = fates[i] as Fate;
      if (fate.kind === 'may' && fate.owner !== undefined) {
        const text = JSON.stringify([call.stream, call.entryName]);
        const known = notices.get(fate.owner);
        if (known === undefined) notices.set(fate.owner, [text]);
        else known.push(text);
      }
      if (fate.kind === 'not-run' || withdrawn.has(call))
        ended(certain(call, incarnation) ? 'not-run' : 'may-have-run');
      else ended('may-have-run');
    }
    await Promise.all([...notices].map(([owner, texts]) => this.broker.abort(owner, texts)));
  }

  /** Takes back what waits until it is due. Calls that were due before get the entries that they became. */
  private async withdraw(page: readonly Asked[]): Promise<ReadonlySet<Call>> {
    const withdrawn = new Set<Call>();
    const waiting = page.map(({ call }) => call).filter(isHidden);
    if (waiting.length === 0) return withdrawn;
    const answers = await this.broker.withdraw(
      waiting.map(({ stream, callId, id, caller, dueAt }) => ({
        ...{ stream, id: callId, due: dueAt, words: `${id} ${caller}`, sent: undefined },
      })),
    );
    for (const [i, call] of waiting.entries()) {
      const answer = answers[i];
      if (answer === 'withdrawn') withdrawn.add(call);
      else if (answer !== undefined && answer !== 'gone') call.found(answer);
    }
    return withdrawn;
  }
}

/** A call whose entry is not known, because it is made when the call is due. */
function isHidden({ schedule, entry }: Call): boolean {
  return schedule !== undefined && entry === undefined;
}

function inDoubt({ stream, entry = '', place }: Call): CallInDoubt {
  return { stream, entry, pack: place };
}

/** Whether Redis still has the memory in which the only copy of the call was stored (rule L7). */
function certain(call: Call, incarnation: string): boolean {
  return !call.tainted && call.incarnation?.id === incarnation;
}
