import type { RawEntry } from '../protocol/entry.js';
import type { Keys } from '../protocol/keys.js';
import { LAST_ID } from '../protocol/limits.js';
import { numberOf, rawEntries, textOf, textOr, wordOf } from '../redis/answer.js';
import type { Link } from '../redis/link.js';
import { checkLayout } from '../redis/operations/layout.js';
import { run } from '../redis/operations/script.js';
import { replayScript } from './replay.lua.js';

/** Milliseconds for which it is known what a letter became: longer than any repeat waits. */
const NOTE_LIFE = 3_600_000;

export type ReplayAnswer =
  { readonly kind: 'ok'; readonly entry: string } | { readonly kind: 'gone' | 'full' };

/** The dead letters of a group in one shard, as Redis holds them. Everything may be repeated. */
export class LetterStore {
  private readonly key: string;

  constructor(
    readonly link: Link,
    private readonly keys: Keys,
    private readonly group: string,
    private readonly maxBacklog: number,
  ) {
    this.key = keys.dead(group);
  }

  /** Rejects if others have another number of shards. Only the store of the first shard knows. */
  checkLayout(): Promise<void> {
    return checkLayout({ link: this.link, keys: this.keys }, false);
  }

  async count(): Promise<number> {
    return numberOf(await this.link.command('xlen', [this.key]));
  }

  /** Letters within the bounds of a range, oldest first. */
  async range(from: string, to: string, count: number): Promise<RawEntry[]> {
    // After the highest id that there is nothing comes, nor before the lowest: Redis has an error for the question.
    if (from === `(${LAST_ID}` || to === '(0-0') return [];
    const answer = await this.link.command('xrange', [this.key, from, to, 'COUNT', String(count)]);
    return rawEntries(answer, 'XRANGE');
  }

  async remove(letters: readonly string[]): Promise<void> {
    await this.link.command('xdel', [this.key, ...letters]);
  }

  /** Id of the youngest letter; undefined when there is none. */
  async last(): Promise<string | undefined> {
    const answer = await this.link.command('xrevrange', [this.key, '+', '-', 'COUNT', '1']);
    return rawEntries(answer, 'XREVRANGE')[0]?.id;
  }

  /** The entry that a letter became, as far as it is still known. */
  async became(letter: string): Promise<string | undefined> {
    const note = await this.link.command('get', [this.keys.replayed(this.group, letter)]);
    return textOr(note, undefined);
  }

  /** @param at where the entry goes: the stream is that of the pattern, or a lane */
  async replay(
    letter: string,
    { stream, pattern }: { readonly stream: string; readonly pattern: string },
    fields: readonly string[],
  ): Promise<ReplayAnswer> {
    const answer = await run(this.link, replayScript, {
      dead: this.key,
      stream: this.keys.stream(stream),
      replayed: this.keys.replayed(this.group, letter),
      streams: this.keys.streams(),
      name: stream === pattern ? stream : '',
      letter,
      cap: this.maxBacklog,
      life: NOTE_LIFE,
      fields,
    });
    const [word, entry = ''] = textOf(answer, 'replay').split(' ');
    const kind = wordOf(word, ['ok', 'gone', 'full'] as const, 'replay');
    return kind === 'ok' ? { kind, entry } : { kind };
  }
}
