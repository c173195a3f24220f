import { nestedScript } from '../../../redis/operations/serving/nested.js';
import { before } from '../entry-ids.js';
import { isNested } from '../headers.js';
import { operation, type Answer } from '../operation.js';
import { fieldOf, type Stream } from '../stream.js';

/** How many entries one search looks at, in all streams together, and how many characters of them. */
const LOOKED_AT = 1000;
const LENGTH = 8_388_608;

/** What the search may still do. */
class Search {
  wanted: number;
  others: number;
  private entries = LOOKED_AT;
  private length = LENGTH;

  constructor(wanted: string, others: string) {
    this.wanted = Number(wanted);
    this.others = Number(others);
  }

  get isOver(): boolean {
    return this.entries <= 0 || this.length <= 0;
  }

  /** Nested calls after an id, `most` at most: how many, the last of them, and the id before the first. */
  in(stream: Stream, from: string, most: number): { found: number; last: string; clean: string } {
    let [found, last, clean] = [0, from, from];
    for (const [id, fields] of stream.range(`(${from}`)) {
      this.entries--;
      for (let i = 1; i < fields.length; i += 2) this.length -= fields[i]?.length ?? 0;
      if (isNested(fieldOf(fields, 'c'))) {
        found++;
        last = id;
      } else if (found === 0) {
        clean = id;
      }
      if (found === most || this.isOver) break;
    }
    return { found, last, clean };
  }
}

const between = (stream: Stream, from: string, to: string): number =>
  stream.range(`(${from}`, to).length;

/** Finds calls that were made inside handlers, and reads up to them. */
export const nested = operation(nestedScript, (store, said) => {
  const search = new Search(said.wanted, said.others);
  const reads: Answer[] = [];
  const marks = said.streams.map(({ stream: key, most: wished, mark }) => {
    const [stream, group] = [store.stream(key), store.group(key, said.group)];
    const most = Math.min(search.wanted, Number(wished));
    if (stream === undefined || group === undefined || most <= 0 || search.isOver) return mark;
    const start = group.last;
    const found = search.in(stream, mark !== '' && before(start, mark) ? mark : start, most);
    if (found.found === 0) return found.clean;
    let { found: calls } = found;
    let n = between(stream, start, found.last);
    let isFar = n > search.others + calls;
    if (isFar && calls > 1) {
      // Perhaps the first of them is near enough.
      calls = 1;
      n = between(stream, start, found.clean) + 1;
      isFar = n > search.others + 1;
    }
    if (isFar && said.force !== '1') return `!${found.clean}`;
    const count = isFar ? search.others : n;
    if (count > 0) reads.push([key, stream.read(group, said.consumer, count)]);
    search.wanted -= isFar ? 0 : calls;
    search.others = isFar ? 0 : search.others - (n - calls);
    return isFar ? `!${found.clean}` : '';
  });
  return [reads, marks];
});
