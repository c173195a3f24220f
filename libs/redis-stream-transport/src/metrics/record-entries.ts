import type { EntryDiagnostics, EntryEnded } from '../engine/diagnostics/messages.js';
import { knownCode } from './known-code.js';
import { BoundedTexts, ByPattern } from './label-texts.js';
import type { Heard } from './listening.js';
import type { Count, Tallies, Times } from './tallies.js';

interface End {
  readonly count: Count;
  readonly ran: Times;
}

/** Groups of one process, and reasons, that have a label of their own. */
const MOST_GROUPS = 100;
const MOST_REASONS = 20;

/** Entries of one pattern and group. */
class PatternEntries {
  readonly inStream: Times;
  readonly waiting: Times;
  private readonly ends = new Map<string, End>();

  constructor(
    private readonly tallies: Tallies,
    readonly labels: readonly [group: string, pattern: string],
    readonly running: Count,
  ) {
    this.inStream = tallies.times('entry_in_stream', labels);
    this.waiting = tallies.times('entry_waiting', labels);
  }

  ended({ result, code, waited, ran }: EntryEnded): void {
    const key = code ?? result;
    const end = this.ends.get(key) ?? this.meet(key, result, code);
    end.count.value++;
    this.waiting.observe(waited);
    // It never started, or before anybody listened.
    if (ran <= 0) return;
    end.ran.observe(ran);
    if (this.running.value > 0) this.running.value--;
  }

  private meet(key: string, result: string, code: string | undefined): End {
    const count = this.tallies.count('entries', [...this.labels, result, knownCode(code)]);
    const end = { count, ran: this.tallies.times('entry_running', [...this.labels, result]) };
    if (knownCode(code) === (code ?? '')) this.ends.set(key, end);
    return end;
  }
}

/** Entries of one group. */
class GroupEntries {
  readonly running: Count;
  private readonly patterns: ByPattern<PatternEntries>;

  constructor(
    private readonly tallies: Tallies,
    readonly group: string,
    texts: BoundedTexts,
  ) {
    this.running = tallies.count('handlers_running', [group]);
    this.patterns = new ByPattern(
      texts,
      (pattern) => new PatternEntries(tallies, [group, pattern], this.running),
    );
  }

  of(pattern: string): PatternEntries {
    return this.patterns.of(pattern);
  }
}

/** Records what servers tell. */
export function recordEntries(tallies: Tallies, patterns: BoundedTexts): Heard {
  const reasons = new BoundedTexts(MOST_REASONS);
  const groups = new ByPattern(
    new BoundedTexts(MOST_GROUPS),
    (group) => new GroupEntries(tallies, group, patterns),
  );
  const groupOf = ({ source: { group = '' } }: Pick<EntryDiagnostics, 'source'>): GroupEntries =>
    groups.of(group);
  /** Most messages are about the pattern of the one before. */
  let last: { source: unknown; pattern: string; entries: PatternEntries } | undefined;
  const entriesOf = (message: EntryDiagnostics): PatternEntries => {
    const { source, pattern } = message;
    if (last === undefined || last.source !== source || last.pattern !== pattern) {
      last = { source, pattern, entries: groupOf(message).of(pattern) };
    }
    return last.entries;
  };
  return {
    'entry.read': (message) => entriesOf(message).inStream.observe(message.inStream),
    'entry.started': (message) => void entriesOf(message).running.value++,
    'entry.ended': (message) => entriesOf(message).ended(message),
    'entry.retried': (message) => {
      tallies.count('retries', entriesOf(message).labels).value++;
    },
    'entry.dead': (message) => {
      const { labels } = entriesOf(message);
      tallies.count('dead_letters', [...labels, reasons.of(message.reason)]).value++;
    },
    'entries.taken-over': (message) => {
      const labels = [groupOf(message).group, patterns.of(message.stream)];
      tallies.count('entries_taken_over', labels).value += message.entries;
    },
    'lease.lost': (message) => {
      tallies.count('leases_lost', [groupOf(message).group]).value++;
    },
    'group.lost': (message) => {
      tallies.count('groups_lost', [groupOf(message).group]).value++;
    },
  };
}
