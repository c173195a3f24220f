// What a person sees: a table that is redrawn in place on a terminal, plain lines elsewhere.
import { total } from './accounts.mjs';

const barWidth = 30;
const lineEveryMs = 2_000;

/** Narrates to `stream`; where that is no terminal, a line every now and then stands for the table. */
export function createView(stream) {
  return stream.isTTY ? new TableView(stream) : new LineView(stream);
}

class LineView {
  #lastAt = 0;

  constructor(stream) {
    this.stream = stream;
  }

  say(text) {
    this.stream.write(`${text}\n`);
  }

  show({ progress }) {
    if (Date.now() - this.#lastAt < lineEveryMs) return;
    this.#lastAt = Date.now();
    const shares = Object.entries(progress.perInstance).map(([name, n]) => `${name} ${n}`);
    this.say(`  ${progress.sent} calls sent; answered by ${shares.join(', ') || 'nobody yet'}`);
  }

  close() {}
}

class TableView {
  #table = [];

  constructor(stream) {
    this.stream = stream;
  }

  /** Goes above the table, and stays there. */
  say(text) {
    this.#redraw([text], this.#table);
  }

  show({ services, progress }) {
    const rows = services.filter(({ group }) => group === 'demo').map((one) => row(one, progress));
    const { sent, overdue } = progress;
    const below = `  ${sent} calls sent, ${overdue} of them waiting for longer than a second`;
    this.#redraw([], [...rows, below]);
  }

  /** What is said from here on goes below the table. */
  close() {
    this.#table = [];
  }

  #redraw(above, table) {
    const erase = this.#table.length > 0 ? `\x1b[${this.#table.length}A\x1b[0J` : '';
    this.stream.write(erase + [...above, ...table].map((line) => `${line}\n`).join(''));
    this.#table = table;
  }
}

function row({ name, state }, { perInstance }) {
  const answered = perInstance[name] ?? 0;
  const share = answered / Math.max(1, total(perInstance));
  const bar = '█'.repeat(Math.round(share * barWidth)).padEnd(barWidth);
  const text = `${name}  ${bar} ${String(answered).padStart(6)}  ${state}`;
  return state === 'killed' ? `  \x1b[31m${text}\x1b[0m` : `  ${text}`;
}
