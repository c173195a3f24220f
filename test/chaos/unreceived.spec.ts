import { check, type Violation } from '../../chaos/check.js';
import { Histories } from './histories.js';

const violationsOf = (histories: Histories): Violation[] => check(histories.written()).violations;

/** A call that was settled at a time and ran again after the failover, which `facts` describe. */
function repeated(settled: number, facts: object = {}, answered = settled): Histories {
  const histories = new Histories();
  histories.failedOver({ ...facts });
  histories.start('c-11', settled - 30);
  histories.execution('c-11', 'service-1.1', settled - 20, settled - 10);
  histories.value('c-11', answered);
  histories.execution('c-11', 'service-2.1', 2500, 2510);
  return histories;
}

/** The same of a call that may be started once. */
function once(histories: Histories): Histories {
  for (const event of [...histories.caller, ...Object.values(histories.services).flat()])
    if (event['id'] === 'c-11' && 'p' in event) event['p'] = 'once';
  return histories;
}

describe('a replica that took over', () => {
  it('excuses the repetition of a call whose settlement it had not received', () => {
    expect(violationsOf(repeated(1901))).toEqual([]);
    expect(violationsOf(once(repeated(1901)))).toEqual([]);
  });

  it('excuses that too when its former master comes back, and counts from 0', () => {
    const histories = repeated(1901);
    histories.offsets.push({ k: 'offset', port: 7001, offset: 0, t: 8000 });
    expect(violationsOf(histories)).toEqual([]);
  });

  it('excuses nothing that it had received, by its offset', () => {
    expect(violationsOf(repeated(1900))).toEqual([
      expect.objectContaining({ rule: 'I4', id: 'c-11' }),
    ]);
  });

  it('excuses what its former master took before it stopped, and nothing that was made later', () => {
    const late = (start: number, ceased: number): Histories => {
      const histories = new Histories();
      histories.failedOver({}, ceased);
      histories.start('c-11', start);
      histories.execution('c-11', 'service-1.1', start + 10, start + 20);
      histories.execution('c-11', 'service-2.1', 9000, 9010);
      histories.value('c-11', 9020);
      return histories;
    };
    expect(violationsOf(late(2200, 2500))).toEqual([]);
    const unexcused = [expect.objectContaining({ rule: 'I4', id: 'c-11' })];
    expect(violationsOf(late(2200, 2100))).toEqual(expect.arrayContaining(unexcused));
    expect(violationsOf(late(2300, 2500))).toEqual(expect.arrayContaining(unexcused));
  });

  it('excuses no execution that went on all the time', () => {
    const histories = new Histories();
    histories.failedOver();
    histories.start('c-11', 1880);
    histories.execution('c-11', 'service-1.1', 1890, 2100);
    histories.execution('c-11', 'service-2.1', 2200, 2210);
    histories.value('c-11', 2220);
    expect(violationsOf(histories)).toEqual(
      expect.arrayContaining([expect.objectContaining({ rule: 'I4', id: 'c-11' })]),
    );
  });

  it('excuses nothing when nobody knows what it had received', () => {
    const histories = repeated(1950, { received: 50 });
    expect(violationsOf(histories).map(({ rule, id }) => ({ rule, id }))).toEqual([
      { rule: 'I4', id: undefined },
      { rule: 'I4', id: 'c-11' },
      { rule: 'I4', id: undefined },
    ]);
  });

  it('excuses no repetition of what was answered, where that must be on the replica', () => {
    expect(violationsOf(repeated(1950, { kept: true }))).toEqual([
      expect.objectContaining({ rule: 'I4', id: 'c-11' }),
    ]);
  });

  it('excuses no second start of what may be started once, where the first must be on the replica', () => {
    const histories = repeated(1950, { kept: true }, 2520);
    expect(violationsOf(histories)).toEqual([]);
    expect(violationsOf(once(histories))).toEqual([
      expect.objectContaining({ rule: 'I4', id: 'c-11', text: expect.stringContaining('once') }),
    ]);
  });
});

describe('a call that ended with an error', () => {
  const failed = (start: number, ends: number, facts: object = {}): Histories => {
    const histories = new Histories();
    histories.plan['expect'] = { codes: ['TIMEOUT/may-have-run'], excused: true };
    histories.failedOver({ ...facts });
    histories.start('c-11', start);
    histories.fault('c-11', ends, 'TIMEOUT', 'may-have-run');
    return histories;
  };
  const unexcused = [expect.objectContaining({ rule: 'excused', id: 'c-11' })];

  it('is excused if it may not have been received', () => {
    expect(violationsOf(failed(1901, 30_000))).toEqual([]);
  });

  it('is a violation if it was made before, or afterwards', () => {
    expect(violationsOf(failed(-200, 20_000))).toEqual(unexcused);
    expect(violationsOf(failed(2300, 20_000))).toEqual(unexcused);
  });

  it('is a violation if it ran and was settled in time', () => {
    const histories = failed(1700, 20_000);
    histories.execution('c-11', 'service-1.1', 1710, 2010);
    expect(violationsOf(histories)).toEqual(unexcused);
  });

  it('is excused while a master has no replica, where what counts must be on one', () => {
    expect(violationsOf(failed(3500, 4500, { kept: true }))).toEqual([]);
    expect(violationsOf(failed(4001, 4500, { kept: true }))).toEqual(unexcused);
    expect(violationsOf(failed(3500, 4500))).toEqual(unexcused);
  });
});
