import { visible, visibleLines } from '../protocol/visible.js';

/** What the engine needs of a logger; Nest's logger fits. */
export interface EngineLogger {
  log(message: string, facts: LineFacts): void;
  warn(message: string, facts: LineFacts): void;
  error(message: string, facts: LineFacts): void;
}

/** What is told beside the text of a line, for loggers that write fields. */
export interface LineFacts {
  /** What kind of line it is: docs/logs.md lists them. */
  readonly code: string;
  readonly [fact: string]: string | undefined;
}

/** A text with what is told beside it. */
export interface ToldLine {
  readonly text: string;
  readonly facts: Readonly<Record<string, string | undefined>>;
}

/**
 * A line, or a function that makes it: a line that is left out need not be made. A function may return the several
 * lines of a stack, so it must make names in it visible itself.
 */
export type Line = string | (() => string | ToldLine);

type Level = 'log' | 'warn' | 'error';

const LEVELS: readonly Level[] = ['error', 'warn', 'log'];

/** The current interval of one kind of line. */
interface Said {
  /** Monotonic milliseconds until which no other line of the kind is written. */
  until: number;
  /** How many lines were left out since one was written, and the last of them. */
  left: number;
  last: Line;
  /** Of the last that was left out. */
  code: string;
}

/** Most kinds of one level at once: names in kinds may come from callers, so there may be any number. */
const MAX_KINDS = 1000;

/**
 * Writes at most one line per kind, level and interval: a fault that repeats a thousand times a second must not fill
 * a disk. The first word of a kind is the code of its lines, which is told beside them. Always says how many lines were
 * left out, at the latest when the interval ends. Levels have intervals of
 * their own: a normal line must not hide an error. Names and texts in a line may come from callers, so invisible
 * characters in them are made visible.
 */
export class RateLimitedLogger {
  private readonly said: Readonly<Record<Level, Map<string, Said>>> = {
    log: new Map(),
    warn: new Map(),
    error: new Map(),
  };
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

  /** Writes at once how many lines were left out. */
  flush(): void {
    this.cancel?.();
    this.cancel = undefined;
    const now = this.now();
    for (const [level, kind, said] of this.left()) this.tellLeft(level, kind, said, now);
  }

  private say(wanted: string, level: Level, line: Line): void {
    const now = this.now();
    const kinds = this.said[level];
    const kind = kinds.has(wanted) || hasRoom(kinds, now) ? wanted : 'others';
    const said = kinds.get(kind);
    if (said === undefined || now >= said.until) {
      const left = said?.left ?? 0;
      kinds.set(kind, { until: now + this.interval, left: 0, last: '', code: '' });
      this.write(level, codeOf(wanted), line, (text) =>
        left > 0 ? `${text} (${left} more like this)` : text,
      );
      return;
    }
    said.left++;
    said.last = line;
    said.code = codeOf(wanted);
    this.cancel ??= this.after(said.until - now, () => this.ended());
  }

  /** Kinds of which lines were left out. */
  private *left(): Generator<readonly [Level, string, Said]> {
    for (const level of LEVELS) {
      for (const [kind, said] of this.said[level]) if (said.left > 0) yield [level, kind, said];
    }
  }

  /** An interval has ended. */
  private ended(): void {
    this.cancel = undefined;
    const now = this.now();
    let next: number | undefined;
    for (const [level, kind, said] of this.left()) {
      if (said.until <= now) this.tellLeft(level, kind, said, now);
      else next = Math.min(next ?? said.until, said.until);
    }
    if (next !== undefined) this.cancel ??= this.after(next - now, () => this.ended());
  }

  private tellLeft(level: Level, kind: string, { left, last, code }: Said, now: number): void {
    this.said[level].set(kind, { until: now + this.interval, left: 0, last: '', code: '' });
    this.write(level, code, last, (text) => `${left} more like this, the last: ${text}`);
  }

  private write(level: Level, code: string, line: Line, shown: (text: string) => string): void {
    const made = typeof line === 'string' ? visible(line) : line();
    if (typeof made === 'string') {
      const text = typeof line === 'string' ? made : visibleLines(made);
      this.logger[level](shown(text), { code });
    } else {
      const known = Object.entries(made.facts).filter(([, fact]) => fact !== undefined);
      const facts = { code, ...Object.fromEntries(known) };
      this.logger[level](shown(visibleLines(made.text)), facts);
    }
  }
}

function hasRoom(kinds: Map<string, Said>, now: number): boolean {
  if (kinds.size < MAX_KINDS) return true;
  for (const [kind, { until, left }] of kinds) {
    if (left === 0 && until <= now) kinds.delete(kind);
  }
  return kinds.size < MAX_KINDS;
}

/** The first word of a kind. */
function codeOf(kind: string): string {
  const space = kind.indexOf(' ');
  return space === -1 ? kind : kind.slice(0, space);
}

/** A timer that does not keep the process alive. */
function timer(ms: number, task: () => void): () => void {
  const timeout = setTimeout(task, ms).unref();
  return () => clearTimeout(timeout);
}
