import { readJson } from '../protocol/json.js';
import type { Store } from './memory/store.js';
import type { StreamEntry } from './memory/stream.js';

/** An entry that its group could not handle. */
export interface TestDeadLetter {
  /** Id of the letter. */
  readonly id: string;
  readonly group: string;
  readonly pattern: string;
  /** Id of the entry, of a call of a pack with its place. */
  readonly messageId: string;
  /** Why: `attempts`, `deliveries`, `handler`, `final`, `malformed` and so on. */
  readonly reason: string;
  /** What went wrong last. */
  readonly error: string;
  /** The data as it was sent; as text, if it is no JSON. */
  readonly data: unknown;
  /** All fields of the letter. */
  readonly fields: Readonly<Record<string, string>>;
}

/** The dead letters of one group or of all, oldest first. */
export function lettersIn(store: Store, wanted?: string): TestDeadLetter[] {
  return store.streams
    .flatMap(([key, stream]) => {
      const [, group] = /^\{.+?\}:dead:([^]*)$/.exec(key) ?? [];
      if (group === undefined || (wanted !== undefined && group !== wanted)) return [];
      return stream.range('-').map((entry) => letterOf(group, entry));
    })
    .toSorted((one, other) => Number.parseInt(one.id, 10) - Number.parseInt(other.id, 10));
}

function letterOf(group: string, [id, texts]: StreamEntry): TestDeadLetter {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < texts.length; i += 2) fields[texts[i] ?? ''] ??= texts[i + 1] ?? '';
  const { pattern = '', id: messageId = '', reason = '', error = '', d = '' } = fields;
  return { id, group, pattern, messageId, reason, error, data: dataOf(d), fields };
}

function dataOf(text: string): unknown {
  const read = readJson(text);
  return read.ok ? read.value : text;
}
