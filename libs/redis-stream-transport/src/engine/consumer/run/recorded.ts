import type { ReplyKind } from '../../../protocol/frame.js';

/** Most characters of replies that are stored under a key. */
const MAX_RESULT = 1_048_576;

/** The replies of an entry that is to be answered from them later. Nothing is held of more than can be stored. */
export class Recorded {
  private texts: string[] | undefined = [];
  /** Characters of all of them as a list. */
  private length = 2;

  /** As they are stored; undefined: they are too long. */
  get text(): string | undefined {
    return this.texts && `[${this.texts.join(',')}]`;
  }

  /** Nothing of it is a result: what the handler threw because it was told to stop is none. */
  forget(): void {
    this.texts = undefined;
  }

  add(kind: ReplyKind, payload: string | undefined): void {
    const text = payload === undefined ? `[${kind}]` : `[${kind},${payload}]`;
    this.length += text.length + 1;
    if (this.length > MAX_RESULT) this.texts = undefined;
    else this.texts?.push(text);
  }
}
