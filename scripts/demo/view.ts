// What a person sees: a table that is redrawn in place on a terminal, plain lines elsewhere.
import type { WriteStream } from 'node:tty';
import { total } from './accounts.js';
import type { Progress } from './client.js';
import type { Service } from './service.js';

const barWidth = 30;
const lineEveryMs = 2_000;

/** The state that is shown. */
export interface Scene {
  readonly services: readonly Pick<Service, 'name' | 'group' | 'state'>[];
  readonly progress: Progress;
}

export interface View {
  say(text: string): void;
  show(scene: Scene): void;
  /** Later lines are printed below what was shown. */
  close(): void;
}

/** Narrates to `stream`. If that is no terminal, a line now and then replaces the table. */
export function createView(stream: WriteStream): View {
  return stream.isTTY ? new TableView(stream) : new LineView(stream);
}

class LineView implements View {
  private lastAt = 0;

  constructor(private readonly stream: WriteStream) {}

  say(text: string): void {
    this.stream.write(`${text}\n`);
  }

  show({ progress }: Scene): void {
    if (Date.now() - this.lastAt < lineEveryMs) return;
    this.lastAt = Date.now();
    const shares = Object.entries(progress.perInstance).map(([name, n]) => `${name} ${n}`);
    this.say(`  ${progress.sent} calls sent; answered by ${shares.join(', ') || 'nobody yet'}`);
  }

  close(): void {}
}

class TableView implements View {
  private table: readonly string[] = [];

  constructor(private readonly stream: WriteStream) {}

  /** Prints a line above the table that stays there. */
  say(text: string): void {
    this.redraw([text], this.table);
  }

  show({ services, progress }: Scene): void {
    const rows = services.filter(({ group }) => group === 'demo').map((one) => row(one, progress));
    const { sent, overdue } = progress;
    const below = `  ${sent} calls sent, ${overdue} of them waiting for longer than a second`;
    this.redraw([], [...rows, below]);
  }

  close(): void {
    this.table = [];
  }

  private redraw(above: readonly string[], table: readonly string[]): void {
    const erase = this.table.length > 0 ? `\x1b[${this.table.length}A\x1b[0J` : '';
    this.stream.write(erase + [...above, ...table].map((line) => `${line}\n`).join(''));
    this.table = table;
  }
}

function row({ name, state }: Scene['services'][number], { perInstance }: Progress): string {
  const answered = perInstance[name] ?? 0;
  const share = answered / Math.max(1, total(perInstance));
  const bar = '█'.repeat(Math.round(share * barWidth)).padEnd(barWidth);
  const text = `${name}  ${bar} ${String(answered).padStart(6)}  ${state}`;
  return state === 'killed' ? `  \x1b[31m${text}\x1b[0m` : `  ${text}`;
}
