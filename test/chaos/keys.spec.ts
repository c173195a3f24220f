import { furtherCalls } from '../../chaos/processes/again.js';
import { callsOf } from '../../chaos/processes/load.js';
import { answerHash, requestHash } from '../../chaos/kit/work.js';
import { check } from '../../chaos/check.js';
import { Random } from '../../tools/random.js';
import { Histories, TIMEOUT } from './histories.js';

const KEY = 'key';
const [DATA, OTHER] = [requestHash('data'), requestHash('other data')];

/** Histories of calls with one key: of the same data unless they say otherwise. */
class Keyed extends Histories {
  begin(id: string, t: number, q = DATA): void {
    this.caller.push({ k: 'start', id, key: KEY, p: 'keyed', q, timeout: TIMEOUT, t });
  }

  /** @returns as the reply says by whom it is */
  ran(id: string, process: string, begin: number, finish?: number, q = DATA): string {
    const n = this.of(process).length;
    this.of(process).push({ k: 'begin', n, id, p: 'keyed', q, d: 1, c: process, t: begin });
    if (finish !== undefined) this.of(process).push({ k: 'finish', n, t: finish });
    return `${process}#${n}`;
  }

  answered(id: string, t: number, by: string, q = DATA): void {
    this.caller.push({ k: 'end', id, o: 'value', r: answerHash(q), by, t });
  }

  refused(id: string, t: number): void {
    this.fault(id, t, 'IDEMPOTENCY_MISMATCH', 'not-run');
  }

  get found(): string[] {
    const { violations } = check(this.written());
    return violations.map(({ rule, id, text }) => [rule, id ?? '', text].join(': '));
  }
}

/** `a` is made at 2000 and begins at 2010 in the first instance. */
function begun(finish?: number): { histories: Keyed; by: string } {
  const histories = new Keyed();
  histories.begin('a', 2000);
  const by = histories.ran('a', 'service-1.1', 2010, finish);
  return { histories, by };
}

const killed = { what: 'kill', targets: ['service-1.1'], excuses: 'owned' };
const forgot = { what: 'kill-redis', excuses: 'open', forgets: 2000 };

describe('I11, calls that share a key', () => {
  it('finds nothing where one runs, one waits, one comes later, and one with other data is refused', () => {
    const { histories, by } = begun(2050);
    histories.begin('b', 2020);
    histories.begin('d', 2030, OTHER);
    histories.refused('d', 2040);
    histories.answered('a', 2060, by);
    histories.answered('b', 2110, by);
    histories.begin('c', 5000);
    histories.answered('c', 5005, by);
    expect(histories.found).toEqual([]);
  });

  it('finds another value', () => {
    const { histories, by } = begun(2050);
    histories.begin('b', 2020);
    const again = histories.ran('b', 'service-2.1', 2055, 2070);
    histories.answered('a', 2080, by);
    histories.answered('b', 2090, again);
    expect(histories.found).toEqual([
      `I11: b: answered by ${again}, but a with the same key key by ${by}`,
      'I11: b: the key key ran more than once without cause: service-1.1 (1) at 2010, service-2.1 (1) at 2055',
    ]);
  });

  it('finds other data that run, and get an answer of their own', () => {
    const { histories, by } = begun(2050);
    histories.answered('a', 2060, by);
    histories.begin('b', 3000, OTHER);
    const other = histories.ran('b', 'service-2.1', 3010, 3020, OTHER);
    histories.answered('b', 3030, other, OTHER);
    expect(histories.found).toEqual([
      `I11: b: answered by ${other}, but a with the same key key by ${by}`,
      `I11: b: began in ${other} 950 ms after the key key was answered`,
    ]);
  });

  it('finds other data that get the answer of the first', () => {
    const { histories, by } = begun(2050);
    histories.answered('a', 2060, by);
    histories.begin('b', 3000, OTHER);
    histories.answered('b', 3030, by);
    expect(histories.found).toEqual([`I3: b: a wrong reply: ${answerHash(DATA)}`]);
  });

  it.each([
    ['only if a fault hit the one that runs', killed, true],
    ['not if a fault hit others', { ...killed, targets: ['service-2.1'] }, false],
  ])('permits a second one while the first runs: %s', (_, fault, isExcused) => {
    const { histories } = begun();
    histories.begin('b', 2020);
    histories.nemesisDid(fault, 2030, 2031);
    const again = histories.ran('b', 'service-2.1', 2050, 2060);
    histories.answered('b', 2070, again);
    histories.answered('a', 2080, again);
    expect(histories.found).toEqual(
      isExcused
        ? []
        : [
            'I11: b: the key key ran more than once without cause: service-1.1 (1) at 2010, service-2.1 (1) at 2050',
          ],
    );
  });

  it('one fault excuses no third one, while the second runs or after it', () => {
    for (const finish of [2060, 2090]) {
      const { histories } = begun();
      for (const id of ['b', 'c']) histories.begin(id, 2020);
      histories.nemesisDid(killed, 2030, 2031);
      const again = histories.ran('b', 'service-2.1', 2050, finish);
      histories.ran('c', 'service-2.1', 2070, 2080);
      for (const id of ['a', 'b', 'c']) histories.answered(id, 2100, again);
      expect(histories.found).toEqual([
        'I11: c: the key key ran more than once without cause: service-2.1 (1) at 2050, service-2.1 (1) at 2070',
      ]);
    }
  });

  it.each([
    ['not after a kill of the one who gave it', killed, false],
    ['not after Redis has stood still', { ...forgot, forgets: 0 }, false],
    ['only where Redis has forgotten it', forgot, true],
  ])('permits one that begins after an answer: %s', (_, fault, isExcused) => {
    const { histories, by } = begun(2050);
    histories.nemesisDid(fault, 2055, 2080);
    histories.answered('a', 2060, by);
    histories.begin('b', 2070);
    const again = histories.ran('b', 'service-2.1', 3000, 3010);
    histories.answered('b', 3020, again);
    expect(histories.found).toEqual(
      isExcused
        ? []
        : [
            `I11: b: answered by ${again}, but a with the same key key by ${by}`,
            `I11: b: began in ${again} 940 ms after the key key was answered`,
          ],
    );
  });

  it('finds one that is refused although nobody had its key with other data, or it has none', () => {
    const { histories, by } = begun(2050);
    histories.answered('a', 2060, by);
    histories.begin('b', 3000);
    histories.refused('b', 3010);
    // It was refused itself, so it never had the key.
    histories.begin('d', 2900, OTHER);
    histories.refused('d', 2910);
    histories.start('c-11', 3000);
    histories.refused('c-11', 3010);
    const text = 'refused, although nobody had its key with other data';
    expect(histories.found).toEqual([`I11: b: ${text}`, `I11: c-11: ${text}`]);
  });

  it('finds a reply of one that did not run, and an answer without any', () => {
    const { histories } = begun(2050);
    histories.answered('a', 2060, 'service-2.1#7');
    expect(histories.found).toEqual([
      'I3: a: the reply is of service-2.1#7, which did not execute it',
    ]);
    const unrun = new Keyed();
    unrun.begin('a', 2000);
    unrun.answered('a', 2060, 'service-2.1#7');
    expect(unrun.found).toContain('I2: a: succeeded, but no handler finished it');
  });

  it('finds a run in which no call was answered with the result of another', () => {
    const { histories, by } = begun(2050);
    histories.plan['mix'] = [{ weight: 1, pattern: 'keyed', ms: [0, 0], again: 3 }];
    histories.answered('a', 2060, by);
    expect(histories.found).toEqual(['I11: : no call was answered with the result of another one']);
  });
});

describe('the load', () => {
  const mix = [{ weight: 1, pattern: 'keyed', ms: [0, 60] as [number, number], again: 3 }];
  const drawn = (seed: number) => {
    const calls = callsOf({ name: 'c', random: new Random(seed), mix });
    return Array.from({ length: 300 }, () => calls.next().value);
  };

  it('a call with a key has up to so many further ones, and a seed draws them again', () => {
    const calls = drawn(7);
    expect(new Set(calls.map(({ again }) => again?.length))).toEqual(new Set([0, 1, 2, 3]));
    expect(calls.every(({ id, key }) => id === key)).toBe(true);
    expect(drawn(7)).toEqual(calls);
    expect(drawn(8)).not.toEqual(calls);
  });

  it('they come at once, meanwhile and later, from the same caller and from another, some with other data', () => {
    const random = new Random(7);
    const all = Array.from({ length: 300 }, () => furtherCalls(random, 3)).flat();
    const kinds = all.map(({ after, ms }) =>
      after ? 'after' : ms === 0 ? 'at once' : 'meanwhile',
    );
    expect(new Set(kinds)).toEqual(new Set(['at once', 'meanwhile', 'after']));
    expect(new Set(all.map(({ elsewhere }) => elsewhere)).size).toBe(2);
    const others = all.filter(({ other }) => other).length;
    expect(others).toBeGreaterThan(0);
    expect(others).toBeLessThan(0.2 * all.length);
  });
});
