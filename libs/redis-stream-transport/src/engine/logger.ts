/** What the engine needs of a logger; Nest's fits. */
export interface EngineLogger {
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/**
 * At most one line per kind and interval, with the number of those that were left out: a fault that
 * repeats a thousand times a second must not fill a disk.
 */
export class QuietLogger {
  private readonly kinds = new Map<string, { until: number; left: number }>();

  constructor(
    private readonly logger: EngineLogger,
    private readonly now: () => number,
    private readonly interval = 5000,
  ) {}

  log(kind: string, message: string): void {
    this.say(kind, message, (line) => this.logger.log(line));
  }

  warn(kind: string, message: string): void {
    this.say(kind, message, (line) => this.logger.warn(line));
  }

  error(kind: string, message: string): void {
    this.say(kind, message, (line) => this.logger.error(line));
  }

  private say(kind: string, message: string, write: (line: string) => void): void {
    const now = this.now();
    const known = this.kinds.get(kind);
    if (known !== undefined && now < known.until) {
      known.left++;
      return;
    }
    const more = known !== undefined && known.left > 0 ? ` (${known.left} more like this)` : '';
    this.kinds.set(kind, { until: now + this.interval, left: 0 });
    write(message + more);
  }
}
