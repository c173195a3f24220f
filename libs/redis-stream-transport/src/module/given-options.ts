import { showOnly } from '../redis/shown.js';
import type { RedisStreamsClientOptions } from '../options/index.js';

let made = 0;

/** Options inside a module's definition, which people print: it shows its number and no password. */
export class GivenOptions {
  static {
    showOnly(this, ({ number }) => ({ number }));
  }

  /** Differs for each, because Nest compares modules by their text. */
  readonly number = ++made;
  readonly #options: RedisStreamsClientOptions;

  constructor(options: RedisStreamsClientOptions) {
    this.#options = options;
  }

  static reveal(options: RedisStreamsClientOptions | GivenOptions): RedisStreamsClientOptions {
    return options instanceof GivenOptions ? options.#options : options;
  }
}
