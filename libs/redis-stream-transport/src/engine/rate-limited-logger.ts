import { visible, visibleLines } from '../protocol/visible.js';

/** What the engine needs of a logger; Nest's fits. */
export interface EngineLogger {
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/**
 * A line, or what makes it: many are left out, and need not be made. What is made may have the several lines of a
 * stack, so names in it must be visible before.
 */
export type Line = string | (() => string);

type Level = 'log' | 'warn' | 'error';

/** What was said of one kind of trouble lately. */
interface Said {
  /** Monotonic milliseconds until which no other line of the kind is written. */
  until: number;
  /** Lines that were left out since the last one was written, and the last of them. */
  left: number;
  last: Line;
  level: Level;
}

/** Kinds that are told apart at once; names in kinds may come from anywhere. */
const MAX_KINDS = 1000;

/**
 * At most one line per kind and interval: a fault that repeats a thousand times a second must not fill a
 * disk. How many were left out is always said, at the latest when the interval ends.
 * Names and texts in a line may be anybody's, so what would not be seen of them is made visible.
 */
export class RateLimitedLogger {
  private readonly kinds = new Map<string, Said>();
  private cancel: (() => void) | undefined;

  constructor(
    private readonly logger: EngineLogger,
    private readonly now: () => number,
    /** Milliseconds. */
    private readonly interval = 5000,
    private readonly after = timer,
  ) {}

  log(kind: string, line: Line): void {
    this.say(kind, 'log', line);
  }

  warn(kind: string, line: Line): void {
    this.say(kind, 'warn', line);
  }

  error(kind: string, line: Line): void {
    this.say(kind, 'error', line);
  }

  /** Says what was left out. */
  flush(): void {
    this.cancel?.();
    this.cancel = undefined;
    for (const [kind, said] of this.kinds) this.tellLeft(kind, said, this.now());
  }

  private say(wanted: string, level: Level, line: Line): void {
    const now = this.now();
    const kind = this.kinds.has(wanted) || this.hasRoom(now) ? wanted : 'others';
    const said = this.kinds.get(kind);
    if (said === undefined || now >= said.until) {
      const left = said?.left ?? 0;
      this.kinds.set(kind, { until: now + this.interval, left: 0, last: '', level });
      this.logger[level](textOf(line) + (left > 0 ? ` (${left} more like this)` : ''));
      return;
    }
    said.left++;
    said.last = line;
    said.level = level;
    this.cancel ??= this.after(said.until - now, () => this.ended());
  }

  private hasRoom(now: number): boolean {
    if (this.kinds.size < MAX_KINDS) return true;
    for (const [kind, { until, left }] of this.kinds) {
      if (left === 0 && until <= now) this.kinds.delete(kind);
    }
    return this.kinds.size < MAX_KINDS;
  }

  /** Some interval has ended. */
  private ended(): void {
    this.cancel = undefined;
    const now = this.now();
    let next: number | undefined;
    for (const [kind, said] of this.kinds) {
      if (said.left === 0) continue;
      if (said.until <= now) this.tellLeft(kind, said, now);
      else next = Math.min(next ?? said.until, said.until);
    }
    if (next !== undefined) this.cancel ??= this.after(next - now, () => this.ended());
  }

  private tellLeft(kind: string, said: Said, now: number): void {
    const { left, last, level } = said;
    if (left === 0) return;
    this.kinds.set(kind, { until: now + this.interval, left: 0, last: '', level });
    this.logger[level](`${left} more like this, the last: ${textOf(last)}`);
  }
}

function textOf(line: Line): string {
  return typeof line === 'string' ? visible(line) : visibleLines(line());
}

/** Does not keep the process alive. */
function timer(ms: number, task: () => void): () => void {
  const timeout = setTimeout(task, ms).unref();
  return () => clearTimeout(timeout);
}
