import { check } from '../../chaos/check.js';
import { Histories } from './histories.js';

const rulesOf = (histories: Histories): string[] =>
  check(histories.written()).violations.map(({ rule, text }) => `${rule}: ${text}`);

/** An event that is due at 5000, made at 2000. */
function waiting(histories: Histories, end: object = { o: 'stored' }, event = true): void {
  const facts = { p: 'told', q: 'q', timeout: 30_000, due: 5000, t: 2000 };
  histories.caller.push({ k: 'start', id: 'e-1', ...facts, ...(event && { event }) });
  histories.caller.push({ k: 'end', id: 'e-1', t: 2010, ...end });
}

/** It was executed from an entry that was added then. */
function ran(histories: Histories, added: number): void {
  histories.execution('e-1', 'service-1.1', 5010, 5020, 'told', `${added}-0`);
  Object.assign(histories.services['service-1.1']!.at(-2)!, { q: 'q' });
}

describe('I10, what is due later', () => {
  it('accepts what is added when it is due, or later', () => {
    for (const added of [4999, 5000, 9000]) {
      const histories = new Histories();
      waiting(histories);
      ran(histories, added);
      expect(rulesOf(histories)).toEqual([]);
      expect(check(histories.written()).figures.later).toBe(1);
    }
  });

  it('finds what is added before', () => {
    const histories = new Histories();
    waiting(histories);
    ran(histories, 4900);
    expect(rulesOf(histories)).toEqual(['I10: added 100 ms before it was due']);
  });

  it('finds what was stored and never ran, and what was not stored', () => {
    const lost = new Histories();
    waiting(lost);
    expect(rulesOf(lost)).toEqual(['I10: it was due at 5000, and was lost: stored/']);
    const refused = new Histories();
    waiting(refused, { o: 'fault', code: 'TIMEOUT', says: 'not-run' });
    expect(rulesOf(refused)).toEqual(['I10: it was due at 5000, and was lost: TIMEOUT/not-run']);
  });

  it('finds a call that got no answer', () => {
    const histories = new Histories();
    waiting(histories, { o: 'fault', code: 'TIMEOUT', says: 'may-have-run' }, false);
    expect(rulesOf(histories)).toEqual([
      'I10: it was due at 5000, and was lost: TIMEOUT/may-have-run',
    ]);
  });

  it('believes that Redis lost it with its memory, and with nothing else', () => {
    const emptied = new Histories();
    waiting(emptied);
    emptied.nemesisDid({ what: 'flush', excuses: 'open' }, 3000, 3010);
    expect(rulesOf(emptied)).toEqual([]);
    const before = new Histories();
    waiting(before);
    before.nemesisDid({ what: 'flush', excuses: 'open' }, 1000, 1010);
    expect(rulesOf(before)).toHaveLength(1);
    const killed = new Histories();
    waiting(killed);
    killed.nemesisDid({ what: 'redis-kill', fsync: 'always' }, 3000, 3010);
    expect(rulesOf(killed)).toHaveLength(1);
  });

  it('is handled again where the group of its stream is made anew, and nowhere else', () => {
    const again = (pattern: string, rereads?: number): string[] => {
      const histories = new Histories();
      waiting(histories);
      ran(histories, 5000);
      const facts = { what: 'destroy-group', excuses: 'open', stream: `{chaos}:s:${pattern}` };
      histories.nemesisDid({ ...facts, ...(rereads && { rereads }) }, 8000, 8001);
      histories.execution('e-1', 'service-1.1', 8010, 8020, 'told', '5000-0');
      Object.assign(histories.services['service-1.1']!.at(-2)!, { q: 'q' });
      return rulesOf(histories).filter((text) => text.includes('repeated without cause'));
    };
    expect(again('told', 10_000)).toEqual([]);
    expect(again('told', 2000)).toHaveLength(1);
    expect(again('work', 10_000)).toHaveLength(1);
  });

  it('finds a plan that has it, and a run that had none', () => {
    const histories = new Histories();
    histories.plan['mix'] = [{ weight: 1, pattern: 'work', ms: [0, 1], delay: [1, 2] }];
    expect(rulesOf(histories)).toEqual(['I10: nothing that was due later ran']);
  });
});
