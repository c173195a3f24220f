// Which calls a caller makes, drawn from the seed.

/**
 * @typedef {object} Kind A kind of call in the mix of a scenario.
 * @property {number} weight
 * @property {string} pattern
 * @property {[number, number]} ms how long the handler takes
 * @property {number} [timeout]
 * @property {number} [pad] bytes of the request
 * @property {number} [reply] bytes of the reply
 * @property {'same-turn' | [number, number]} [cancel] unsubscribed at once, or after some milliseconds
 * @property {string} [act] what the handler does beside
 * @property {boolean} [watch] the handler looks at its signal
 */

/** Short calls of the same patterns that break nothing. @param {readonly Kind[]} mix */
export const warmMix = (mix) =>
  mix.map(({ pattern, pad }) => ({ weight: 1, pattern, pad, ms: [0, 20] }));

/** @param {{ name: string, random: import('../kit/random.mjs').Random, mix: readonly Kind[] }} of */
export function* callsOf({ name, random, mix }) {
  for (let n = 1; ; n++) {
    const kind = random.weighted(mix);
    const data = { id: `${name}-${n}`, ms: random.int(...kind.ms) };
    if (kind.pad) data.pad = 'x'.repeat(random.int(0, kind.pad));
    if (kind.reply) data.reply = kind.reply;
    if (kind.act) data.act = kind.act;
    if (kind.watch) data.watch = true;
    const cancel = Array.isArray(kind.cancel) ? random.int(...kind.cancel) : kind.cancel;
    yield { pattern: kind.pattern, data, timeout: kind.timeout, cancel };
  }
}
