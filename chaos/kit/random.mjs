// All chance of a run comes from its seed: the same seed draws the same calls and the same faults.

/** A small generator (mulberry32) that can be split by name, so that no part disturbs another. */
export class Random {
  #state;

  /** @param {number | string} seed */
  constructor(seed) {
    this.seed = seed;
    this.#state = hash(String(seed));
  }

  /** @param {string} name */
  fork(name) {
    return new Random(`${this.seed}/${name}`);
  }

  /** In [0, 1). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from `low` to `high`, both included. */
  int(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** @param {number} probability */
  chance(probability) {
    return this.next() < probability;
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  pick(list) {
    if (list.length === 0) throw new Error('nothing to pick from');
    return list[this.int(0, list.length - 1)];
  }

  /** @template {{ weight: number }} T @param {readonly T[]} list @returns {T} */
  weighted(list) {
    let left = this.next() * list.reduce((sum, { weight }) => sum + weight, 0);
    return list.find(({ weight }) => (left -= weight) < 0) ?? list[list.length - 1];
  }

  /** @template T @param {readonly T[]} list @returns {T[]} */
  shuffled(list) {
    const rest = [...list];
    return list.map(() => rest.splice(this.int(0, rest.length - 1), 1)[0]);
  }
}

/** FNV-1a, stirred once more so that similar names begin far apart. */
function hash(text) {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return h ^ (h >>> 13);
}

export const randomSeed = () => Math.floor(Math.random() * 1_000_000);
