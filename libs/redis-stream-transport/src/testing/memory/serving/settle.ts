import { settleScript } from '../../../redis/operations/serving/settle.js';
import { keep } from '../ends.js';
import { fenced } from '../fence.js';
import { operation, type Line } from '../operation.js';
import { idIn, noteLetters } from '../packs.js';
import { answer, hasRoom } from '../replies.js';
import type { Store } from '../store.js';

const NAMED_KEYS = 1;
const NAMED_ARGS = 7;

interface Frame {
  readonly log: string;
  readonly frame: string;
  readonly life: string;
  /** 1: the log may be full; 2: its life is left as it is. */
  readonly care: number;
}

/** The line, read part by part: keys and arguments stand in the same order. */
class Reading {
  private key = NAMED_KEYS;
  private arg = NAMED_ARGS;

  constructor(private readonly line: Line) {}

  nextKey(): string {
    return this.line.keys[this.key++] as string;
  }

  next(): string {
    return this.line.args[this.arg++] as string;
  }

  take(count: number): string[] {
    return Array.from({ length: count }, () => this.next());
  }
}

const times = (count: string): undefined[] => Array.from({ length: Number(count) });

/** Settles what one process has finished in one turn: all of it, or nothing if the lease is another's. */
export const settle = operation(settleScript, (store, said, line) => {
  const lost = fenced(store, said);
  if (lost !== undefined) return lost;
  const reading = new Reading(line);
  const logs = times(said.logs).map(() => reading.nextKey());
  const records = times(said.results).map(() => reading.nextKey());
  const streams = times(said.streams).map(() => reading.nextKey());
  const frames = logs.map((log): Frame => {
    const [frame, life, care] = reading.take(3) as [string, string, string];
    return { log, frame, life, care: Number(care) };
  });
  const full = frames.flatMap((frame, i) => (isFull(store, frame) ? [i + 1] : []));
  if (full.length > 0) return `full ${full.join(' ')}`;
  for (const { care, ...frame } of frames) answer(store, { ...frame, livesOn: care >= 2 });
  for (const record of records) keep(store, record, reading.next(), reading.next());
  const { group } = said;
  const lone = Number(said.lone);
  for (const stream of streams.slice(0, lone)) end(store, stream, group, [reading.next()]);
  for (const stream of streams.slice(lone)) endMany(store, stream, group, reading);
  times(said.notes).forEach(() => {
    const hash = reading.nextKey();
    for (const field of reading.take(Number(reading.next()))) store.deleteField(hash, field);
  });
  return 'ok';
});

const isFull = (store: Store, { care, ...frame }: Frame): boolean =>
  care % 2 === 0 && !hasRoom(store, frame);

/** Acknowledges and deletes. */
export function end(store: Store, stream: string, group: string, ids: readonly string[]): void {
  for (const id of ids) {
    store.group(stream, group)?.acknowledge(id);
    store.stream(stream)?.delete(id);
  }
}

function endMany(store: Store, stream: string, group: string, reading: Reading): void {
  const [kept, dropped, packs] = reading.take(3).map(Number) as [number, number, number];
  for (const id of reading.take(kept)) store.group(stream, group)?.acknowledge(id);
  end(store, stream, group, reading.take(dropped));
  if (packs === 0) return;
  const [part, due, started] = [reading.nextKey(), reading.nextKey(), reading.nextKey()];
  for (let left = packs; left > 0; left--) {
    const [note, letters] = reading.take(2) as [string, string];
    const pack = { part, note, size: letters.length, stream, group };
    if (!noteLetters(store, pack, letters)) continue;
    const id = idIn(note);
    if (id === note) end(store, stream, group, [id]);
    else store.group(stream, group)?.acknowledge(id);
    for (const hash of [due, started]) store.deleteField(hash, `${group} ${id}`);
  }
}
