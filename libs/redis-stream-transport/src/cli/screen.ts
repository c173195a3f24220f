import { visible, visibleLines } from '../protocol/visible.js';
import { table, type Column } from './table.js';
import type { Terminal } from './terminal.js';

const COLOURS = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
export type Colour = keyof typeof COLOURS;

/** Characters of a line where output is no terminal. */
const WIDTH = 80;

/**
 * Writes what people and programs read. Control characters are made visible: services say what is written, and a
 * terminal would obey them.
 */
export class Screen {
  constructor(readonly terminal: Terminal) {}

  get width(): number {
    return Math.max(40, this.terminal.columns ?? WIDTH);
  }

  /** Whether output has colours: on a terminal, unless NO_COLOR says otherwise. */
  get coloured(): boolean {
    const { columns, env } = this.terminal;
    return columns !== undefined && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  }

  /** Texts of several lines, such as generated sources. */
  text(text: string): void {
    this.terminal.out(visibleLines(text));
  }

  line(text = '', colour?: Colour): void {
    this.terminal.out(`${this.shown(text, colour)}\n`);
  }

  /** A text as it may be written to a terminal. */
  shown(text: string, colour?: Colour): string {
    return this.painted(visible(text), colour);
  }

  /** Names of the columns, and a line for each row. */
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void {
    const [head = '', ...lines] = table(columns, rows, this.width);
    this.line(head, 'bold');
    for (const line of lines) this.line(line);
  }

  /** A document of JSON. */
  json(value: unknown): void {
    this.text(`${JSON.stringify(value, undefined, 2)}\n`);
  }

  /** One of many things, as a line of JSON. */
  jsonLine(value: unknown): void {
    this.line(JSON.stringify(value) ?? 'null');
  }

  /** What is not asked for, such as warnings, on standard error. */
  note(text: string): void {
    this.terminal.err(`nestjs-redis-streams: ${visibleLines(text)}\n`);
  }

  /** The same in JSON, on a line. */
  noteJson(value: unknown): void {
    this.terminal.err(`${visible(JSON.stringify(value))}\n`);
  }

  private painted(text: string, colour: Colour | undefined): string {
    if (colour === undefined || !this.coloured) return text;
    return `\u001b[${COLOURS[colour]}m${text}\u001b[0m`;
  }
}
