import type { CallEnded, EventEnded } from '../engine/diagnostics/messages.js';
import { knownCode } from './known-code.js';
import { ByPattern, type BoundedTexts } from './label-texts.js';
import type { Heard } from './listening.js';
import type { Count, Tallies, Times } from './tallies.js';

interface End {
  readonly count: Count;
  readonly times: Times;
}

/** Calls of one pattern. */
class PatternCalls {
  readonly sent: Count;
  /** By code, or by result: codes are in capital letters. */
  private readonly ends = new Map<string, End>();

  constructor(
    private readonly tallies: Tallies,
    private readonly pattern: string,
  ) {
    this.sent = tallies.count('calls_sent', [pattern]);
  }

  ended({ result, code, took }: CallEnded): void {
    const key = code ?? result;
    const end = this.ends.get(key) ?? this.meet(key, result, code);
    end.count.value++;
    end.times.observe(took);
  }

  private meet(key: string, result: string, code: string | undefined): End {
    const count = this.tallies.count('calls', [this.pattern, result, knownCode(code)]);
    const end = { count, times: this.tallies.times('call_duration', [this.pattern, result]) };
    // A code that is not known came from another program, and there may be any number of them.
    if (knownCode(code) === (code ?? '')) this.ends.set(key, end);
    return end;
  }
}

/** Events of one pattern. */
class PatternEvents {
  private readonly times: Times;

  constructor(
    private readonly tallies: Tallies,
    private readonly pattern: string,
  ) {
    this.times = tallies.times('event_duration', [pattern]);
  }

  ended({ code, took }: EventEnded): void {
    this.tallies.count('events', [this.pattern, knownCode(code)]).value++;
    this.times.observe(took);
  }
}

/** Records what clients tell. */
export function recordCalls(tallies: Tallies, patterns: BoundedTexts): Heard {
  const calls = new ByPattern(patterns, (pattern) => new PatternCalls(tallies, pattern));
  const events = new ByPattern(patterns, (pattern) => new PatternEvents(tallies, pattern));
  const late = tallies.count('late_replies');
  return {
    'call.sent': ({ pattern }) => void calls.of(pattern).sent.value++,
    'call.ended': (message) => calls.of(message.pattern).ended(message),
    'event.ended': (message) => events.of(message.pattern).ended(message),
    'reply.late': () => void late.value++,
  };
}
