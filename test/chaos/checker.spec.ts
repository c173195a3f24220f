import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { check, type Violation } from '../../chaos/check.js';
import { Histories, TIMEOUT } from './histories.js';

const program = fileURLToPath(new URL('../../chaos/check.ts', import.meta.url));

/** Rules that the histories violate, each once. */
const rulesOf = (histories: Histories): string[] => [
  ...new Set(violationsOf(histories).map(({ rule }) => rule)),
];
const violationsOf = (histories: Histories): Violation[] => check(histories.written()).violations;

it('finds nothing in a run in which all went well', () => {
  const { figures, violations } = check(new Histories().written());
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ calls: 10, executions: 10, duplicates: 0, lost: 0 });
});

it('is a program that ends with 1 when something is violated', () => {
  const histories = new Histories();
  const run = () =>
    spawnSync(process.execPath, ['--import', 'tsx', program, histories.written()]).status;
  expect(run()).toBe(0);
  histories.start('c-11', 2000);
  expect(run()).toBe(1);
});

describe('I1, one outcome in time', () => {
  it('finds a call that was lost', () => {
    const histories = new Histories();
    histories.start('c-11', 2000);
    expect(violationsOf(histories)).toEqual([expect.objectContaining({ rule: 'I1', id: 'c-11' })]);
    expect(check(histories.written()).figures.lost).toBe(1);
  });

  it('finds a second outcome', () => {
    const histories = new Histories();
    histories.value('c-3', 5000);
    expect(rulesOf(histories)).toEqual(['I1']);
  });

  it('finds an outcome that is later than the deadline and 250 ms', () => {
    const late = (ms: number): Histories => {
      const histories = new Histories();
      histories.start('c-11', 2000);
      histories.fault('c-11', 2000 + TIMEOUT + ms, 'TIMEOUT', 'may-have-run');
      return histories;
    };
    expect(rulesOf(late(250))).toEqual([]);
    expect(rulesOf(late(251))).toEqual(['I1']);
  });

  it('counts only the time in which the event loop of the caller ran', () => {
    const histories = new Histories();
    const deadline = 2000 + TIMEOUT;
    histories.start('c-11', 2000);
    histories.caller.push({ k: 'stall', from: deadline - 500, t: deadline + 900 });
    histories.fault('c-11', deadline + 1100, 'TIMEOUT', 'may-have-run');
    expect(rulesOf(histories)).toEqual([]);
    histories.caller.pop();
    histories.fault('c-11', deadline + 1200, 'TIMEOUT', 'may-have-run');
    expect(rulesOf(histories)).toEqual(['I1']);
  });
});

describe('I2, the truth', () => {
  it('finds a call that ran although it certainly did not', () => {
    const histories = new Histories();
    histories.start('c-11', 2000);
    histories.execution('c-11', 'service-1.1', 2010, 2020);
    histories.fault('c-11', 2100, 'TIMEOUT', 'not-run');
    expect(rulesOf(histories)).toEqual(['I2']);
  });

  it('believes that a call may have run', () => {
    const histories = new Histories();
    histories.start('c-11', 2000);
    histories.execution('c-11', 'service-1.1', 2010, 2020);
    histories.fault('c-11', 2100, 'TIMEOUT', 'may-have-run');
    expect(rulesOf(histories)).toEqual([]);
  });

  it('finds a success without an execution', () => {
    const histories = new Histories();
    histories.start('c-11', 2000);
    histories.value('c-11', 2100);
    expect(rulesOf(histories)).toEqual(['I2']);
  });

  it.each([true, false])(
    'finds an event that was stored and not handled, if it was not: %s',
    (isLost) => {
      const histories = new Histories();
      histories.event('c-11', 2000);
      histories.execution('c-11', 'service-1.1', 2010, isLost ? undefined : 2020);
      expect(rulesOf(histories)).toEqual(isLost ? ['I2'] : []);
    },
  );

  it('finds an execution without a call', () => {
    const histories = new Histories();
    histories.execution('c-99', 'service-1.1', 2010, 2020);
    expect(rulesOf(histories)).toEqual(['I2']);
  });
});

describe('I3, the right answer', () => {
  it('finds two replies that were mixed up', () => {
    const histories = new Histories();
    for (const [id, other] of [
      ['c-3', 'c-4'],
      ['c-4', 'c-3'],
    ]) {
      const own = histories.caller.find(({ k, id: of }) => k === 'end' && of === id);
      const replies = new Histories().caller;
      Object.assign(own!, {
        r: replies.find(({ k, id: of }) => k === 'end' && of === other)!['r'],
      });
    }
    expect(violationsOf(histories)).toEqual([
      expect.objectContaining({ rule: 'I3', id: 'c-3' }),
      expect.objectContaining({ rule: 'I3', id: 'c-4' }),
    ]);
  });

  it('finds a request that did not arrive as it was sent', () => {
    const histories = new Histories();
    Object.assign(
      histories.services['service-1.1']!.find(({ id }) => id === 'c-5')!,
      { q: 'other' },
    );
    expect(rulesOf(histories)).toEqual(['I3']);
  });
});

describe('I4, repetitions', () => {
  const killed = { what: 'kill', targets: ['service-1.1'], excuses: 'owned' };

  /** A call that the first instance runs when it is killed, and the second runs again. */
  const orphan = (histories: Histories, id: string, begin: number): void => {
    histories.start(id, begin - 2);
    histories.execution(id, 'service-1.1', begin);
    histories.execution(id, 'service-2.1', begin + 12_000, begin + 12_010);
    histories.value(id, begin + 12_020);
  };

  it('permits one repetition of each call that was in flight at a kill', () => {
    const histories = new Histories();
    orphan(histories, 'c-11', 2000);
    orphan(histories, 'c-12', 2000);
    histories.nemesisDid(killed, 2005, 2006);
    const { figures, violations } = check(histories.written());
    expect(violations).toEqual([]);
    expect(figures).toMatchObject({ duplicates: 2, duplicateBound: 2 });
  });

  it.each([
    [50, []],
    [51, ['I4']],
  ])(
    'permits one of an event whose handler finished less than 50 ms before the kill: %d',
    (ms, found) => {
      const histories = new Histories();
      histories.event('c-11', 2000);
      histories.execution('c-11', 'service-1.1', 2002, 2010);
      histories.execution('c-11', 'service-2.1', 5000, 5010);
      histories.nemesisDid(killed, 2009.5 + ms, 2300);
      expect(rulesOf(histories)).toEqual(found);
    },
  );

  it('finds a repetition beyond the bound', () => {
    const histories = new Histories();
    orphan(histories, 'c-11', 2000);
    histories.execution('c-11', 'service-2.1', 15_000, 15_010);
    histories.nemesisDid(killed, 2005, 2006);
    expect(violationsOf(histories)).toEqual([
      expect.objectContaining({
        rule: 'I4',
        text: '2 repetitions, but only 1 were in flight at faults',
      }),
    ]);
  });

  it('finds a repetition without cause, although another call would have had one', () => {
    const histories = new Histories();
    histories.start('c-11', 1999);
    histories.execution('c-11', 'service-1.1', 2000);
    histories.fault('c-11', 20_000, 'TIMEOUT', 'may-have-run');
    histories.execution('c-3', 'service-2.1', 2100, 2110);
    histories.nemesisDid(killed, 2005, 2006);
    expect(violationsOf(histories)).toEqual([expect.objectContaining({ rule: 'I4', id: 'c-3' })]);
  });

  it('finds a repetition in a run without faults', () => {
    const histories = new Histories();
    histories.execution('c-3', 'service-2.1', 2000, 2010);
    expect(rulesOf(histories)).toEqual(['I4']);
  });

  it('never permits what may be started once only to be started twice', () => {
    const histories = new Histories();
    histories.nemesisDid(killed, 2005, 2006);
    histories.caller.push({
      ...histories.caller.find(({ k }) => k === 'start'),
      id: 'c-11',
      p: 'once',
      t: 1999,
    });
    const q = histories.caller.at(-1)!['q'];
    for (const [process, t] of [
      ['service-1.1', 2000],
      ['service-2.1', 14_000],
    ] as const) {
      histories
        .of(process)
        .push({ k: 'begin', n: 99, id: 'c-11', p: 'once', q, d: 1, c: process, t });
    }
    histories.fault('c-11', 15_000, 'INTERRUPTED', 'may-have-run');
    expect(rulesOf(histories)).toEqual(['I4']);
  });
});

describe('I4, fencing', () => {
  it('finds a completion that was accepted from an instance without its lease', () => {
    const zombie = (revokedAt: number): Histories => {
      const histories = new Histories();
      histories.nemesisDid(
        { what: 'freeze', targets: ['service-1.1'], excuses: 'owned' },
        2005,
        22_000,
      );
      histories.run.push({ k: 'revoked', consumer: 'service-1.1', left: -10, t: revokedAt });
      histories.start('c-11', 1999);
      histories.execution('c-11', 'service-1.1', 2000, 22_000);
      const { n } = histories.of('service-1.1').at(-1)!;
      histories.execution('c-11', 'service-2.1', 17_000, 35_000);
      histories.value('c-11', 22_005);
      Object.assign(histories.caller.at(-1)!, { by: `service-1.1#${String(n)}` });
      return histories;
    };
    expect(rulesOf(zombie(16_000))).toEqual(['I4']);
    expect(rulesOf(zombie(21_900))).toEqual([]);
  });
});

describe('I5, late starts', () => {
  it('finds a handler that began later than the deadline and 100 ms', () => {
    const late = (ms: number): Histories => {
      const histories = new Histories();
      const deadline = 2000 + TIMEOUT;
      histories.start('c-11', 2000);
      histories.fault('c-11', deadline + 20, 'TIMEOUT', 'may-have-run');
      histories.execution('c-11', 'service-1.1', deadline + ms, deadline + ms + 10);
      return histories;
    };
    expect(rulesOf(late(100))).toEqual([]);
    expect(rulesOf(late(101))).toEqual(['I5']);
  });

  it('finds a handler that began long after its call had ended', () => {
    const histories = new Histories();
    histories.start('c-11', 2000);
    histories.caller.push({ k: 'end', id: 'c-11', o: 'cancelled', t: 2100 });
    histories.execution('c-11', 'service-1.1', 3200, 3210);
    expect(rulesOf(histories)).toEqual(['I5']);
  });

  it('accepts one that began late because its caller or its instance stood still', () => {
    const late = (): Histories => {
      const histories = new Histories();
      histories.start('c-11', 2000);
      histories.caller.push({ k: 'end', id: 'c-11', o: 'cancelled', t: 2100 });
      histories.execution('c-11', 'service-1.1', 3200, 3210);
      return histories;
    };
    const [caller, service] = [late(), late()];
    caller.caller.push({ k: 'stall', from: 2100, t: 2200 });
    service.services['service-1.1']!.push({ k: 'stall', from: 3000, t: 3110 });
    expect([rulesOf(caller), rulesOf(service)]).toEqual([[], []]);
    service.services['service-1.1']!.pop();
    service.services['service-1.1']!.push({ k: 'stall', from: 3000, t: 3090 });
    expect(rulesOf(service)).toEqual(['I5']);
  });
});

describe('I6, what is left', () => {
  it.each(['length', 'pending', 'dead'])('finds a stream with %s', (what) => {
    const histories = new Histories();
    Object.assign(histories.quiet.streams[0]!, { [what]: 1 });
    expect(rulesOf(histories)).toEqual(['I6']);
  });

  it('finds a key that would stay for ever', () => {
    const histories = new Histories();
    histories.quiet.keys.push({ key: '{chaos}:caller:x', ttl: -1 });
    expect(rulesOf(histories)).toEqual(['I6']);
  });

  it.each([
    ['a call in a map', { maps: { calls: 1 } }],
    ['a socket', { sockets: 4 }],
    ['a heap', { heap: 2e7 + 11 * 1024 * 1024 }],
    ['a map that cannot be read', { maps: { calls: undefined } }],
  ])('finds %s', (_, change) => {
    const histories = new Histories();
    Object.assign(
      histories.run.find(({ when }) => when === 'after')!,
      change,
    );
    if ('maps' in change && change.maps.calls === undefined) {
      Object.assign(
        histories.run.find(({ when }) => when === 'after')!,
        { maps: undefined },
      );
    }
    expect(rulesOf(histories)).toEqual(['I6']);
  });
});

describe('I7 to I9, the processes', () => {
  it('finds an error that was not handled', () => {
    const histories = new Histories();
    histories.caller.push({ k: 'unhandled', what: 'unhandledRejection', text: 'oops', t: 50 });
    expect(rulesOf(histories)).toEqual(['I7']);
  });

  it('finds a process that ended by itself', () => {
    const histories = new Histories();
    histories.run.push({
      k: 'exit',
      name: 'service-2.1',
      kind: 'service',
      code: 1,
      signal: null,
      t: 60,
    });
    expect(rulesOf(histories)).toEqual(['I7']);
  });

  it('finds more than 20 log lines in a second', () => {
    const histories = new Histories();
    for (let i = 0; i < 21; i++)
      histories.caller.push({ k: 'log', level: 'warn', text: 'x', t: 50 + i });
    expect(rulesOf(histories)).toEqual(['I8']);
  });

  it('finds a status that says "connected" while Redis is gone', () => {
    const histories = new Histories();
    histories.nemesisDid({ what: 'redis-kill', cuts: 'all', excuses: 'open' }, 20_000, 40_000);
    for (const name of Object.keys(histories.services)) {
      histories.of(name).push({ k: 'status', value: 'reconnecting', t: 20_010 });
      histories.of(name).push({ k: 'status', value: 'connected', t: 40_100 });
    }
    expect(violationsOf(histories)).toEqual([
      expect.objectContaining({ rule: 'I9', text: expect.stringContaining('caller-1') }),
    ]);
  });

  it('does not blame a process that is told to end soon after it was cut off', () => {
    const histories = new Histories();
    histories.nemesisDid({ what: 'redis-kill', cuts: 'all', excuses: 'open' }, 20_000, 26_000);
    for (const name of ['caller-1', ...Object.keys(histories.services)]) {
      histories.of(name).push({ k: 'status', value: 'reconnecting', t: 20_010 });
      histories.of(name).push({ k: 'status', value: 'connected', t: 26_100 });
    }
    histories.services['service-2.1']!.push({ k: 'status', value: 'disconnected', t: 31_100 });
    expect(rulesOf(histories)).toEqual(['I9']);
    const end = { code: 0, signal: null, expected: 'term', t: 32_000 };
    histories.run.push({ k: 'exit', name: 'service-2.1', kind: 'service', ...end });
    expect(rulesOf(histories)).toEqual([]);
  });

  it('finds a status that says "reconnecting" although nothing happened', () => {
    const histories = new Histories();
    histories.caller.push({ k: 'status', value: 'reconnecting', t: 20_000 });
    histories.caller.push({ k: 'status', value: 'connected', t: 20_100 });
    expect(rulesOf(histories)).toEqual(['I9']);
  });
});

describe('what a scenario wants beside', () => {
  it('finds calls that failed where all must succeed', () => {
    const histories = new Histories();
    histories.plan['expect'] = { success: 1 };
    histories.start('c-11', 2000);
    histories.fault('c-11', 2100, 'NO_CONSUMER', 'not-run');
    expect(rulesOf(histories)).toEqual(['success']);
  });

  it('finds orphans that waited for too long', () => {
    const histories = new Histories();
    histories.plan['expect'] = { takeOverWithin: 16_000 };
    histories.start('c-11', 1990);
    histories.execution('c-11', 'service-1.1', 2000);
    histories.execution('c-11', 'service-2.1', 19_000, 19_010);
    histories.value('c-11', 19_020);
    histories.nemesisDid({ what: 'kill', targets: ['service-1.1'], excuses: 'owned' }, 2005, 2006);
    expect(rulesOf(histories)).toEqual(['takeOverWithin']);
  });

  it('finds a silent connection that was replaced too late, not counting what its process stood still', () => {
    const silence = (ready: number): Histories => {
      const histories = new Histories();
      histories.plan['expect'] = { replacedWithin: 8000 };
      const facts = { what: 'silence', targets: ['caller-1'], role: 'subscriber', silent: true };
      histories.nemesisDid(facts, 2000, 22_000);
      histories.caller.push({ k: 'link', what: 'ready', role: 'subscriber', t: ready });
      return histories;
    };
    expect(rulesOf(silence(10_000))).toEqual([]);
    const late = silence(10_500);
    expect(rulesOf(late)).toEqual(['replacedWithin']);
    late.caller.push({ k: 'stall', from: 4000, t: 4500 });
    expect(rulesOf(late)).toEqual([]);
    expect(rulesOf(silence(Infinity))).toEqual(['replacedWithin']);
  });

  it('finds a caller that is served again too late, not counting what it stood still', () => {
    const histories = new Histories();
    histories.plan['expect'] = { resumeWithin: 3000 };
    histories.nemesisDid({ what: 'redis-kill' }, 2000, 4000);
    histories.start('c-11', 4100);
    histories.execution('c-11', 'service-1.1', 7000, 7010);
    histories.value('c-11', 7200);
    expect(rulesOf(histories)).toEqual(['resumeWithin']);
    histories.caller.push({ k: 'stall', from: 5000, t: 5200 });
    expect(rulesOf(histories)).toEqual([]);
  });

  it('finds a call that is refused too late', () => {
    const histories = new Histories();
    histories.plan['expect'] = { refusedWithin: 100 };
    histories.nemesisDid({ what: 'maxmemory', refuses: true }, 2000, 4000);
    histories.start('c-11', 2100);
    histories.fault('c-11', 2250, 'REDIS', 'not-run');
    expect(rulesOf(histories)).toEqual(['refusedWithin']);
  });

  it('finds that others wait for their replies while one caller stands still', () => {
    const histories = new Histories();
    histories.plan['expect'] = { othersP99: 2 };
    histories.nemesisDid({ what: 'calm' }, 0, 2000);
    histories.nemesisDid({ what: 'freeze-caller', slow: true, targets: ['other'] }, 3000, 9000);
    histories.start('c-11', 4000);
    histories.execution('c-11', 'service-1.1', 4002, 4010);
    histories.value('c-11', 4500);
    expect(rulesOf(histories)).toEqual(['othersP99']);
    histories.caller.push({ k: 'stall', from: 4050, t: 4490 });
    expect(rulesOf(histories)).toEqual([]);
  });

  it('finds an unreadable entry that was delivered again although no process that had it died', () => {
    const letter = (deliveries: number, ...deaths: number[]): Histories => {
      const histories = new Histories();
      histories.plan['leaseTtl'] = 3000;
      histories.plan['crashes'] = true;
      histories.plan['expect'] = { deadLetters: 3 };
      histories.nemesis.push({ k: 'bad', tag: 'tag-1', kind: 'no JSON', t: 5000 });
      Object.assign(histories.quiet, { dead: [{ tag: 'tag-1', deliveries }] });
      for (const [i, t] of deaths.entries()) {
        const name = `service-${i + 1}.1`;
        histories.run.push({ k: 'exit', name, kind: 'service', signal: 'SIGKILL', t });
      }
      return histories;
    };
    expect(rulesOf(letter(1))).toEqual([]);
    expect(rulesOf(letter(2))).toEqual(['deadLetters']);
    expect(rulesOf(letter(2, 4990))).toEqual(['deadLetters']);
    expect(rulesOf(letter(2, 5005))).toEqual([]);
    expect(rulesOf(letter(2, 6005))).toEqual(['deadLetters']);
    expect(rulesOf(letter(3, 5005))).toEqual(['deadLetters']);
    expect(rulesOf(letter(3, 5005, 9000))).toEqual([]);
    expect(rulesOf(letter(3, 5005, 13_000))).toEqual(['deadLetters']);
    expect(rulesOf(letter(0))).toEqual(['deadLetters']);
  });

  it('finds what starts although it is paused, once that is applied', () => {
    const paused = (facts: object, from: number): Histories => {
      const histories = new Histories();
      histories.plan['expect'] = { pausesHold: true };
      histories.nemesisDid({ what: 'pause', ...facts }, from, 705);
      return histories;
    };
    const ran = (ids: readonly string[]) =>
      ids.map((id) => expect.objectContaining({ rule: 'pausesHold', id }) as unknown);
    const work = { paused: { pattern: 'work', refuse: false } };
    expect(rulesOf(paused({ ...work, appliedAfter: 0 }, 703))).toEqual(['pausesHold']);
    const found = violationsOf(paused({ ...work, appliedAfter: 200 }, 350));
    expect(found.slice(0, 2)).toEqual(ran(['c-6', 'c-7']));
    const other = { paused: { pattern: 'other', refuse: false }, appliedAfter: 0 };
    expect(rulesOf(paused(other, 450))).toEqual([]);
    const refusing = { paused: { pattern: 'other', refuse: true }, appliedAfter: 0 };
    expect(violationsOf(paused(refusing, 450))[0]?.text).toContain('nobody was refused');
    const instance = { targets: ['service-1.1'], takesNothing: true, appliedAfter: 0 };
    expect(violationsOf(paused(instance, 450)).slice(0, 3)).toEqual(ran(['c-5', 'c-6', 'c-7']));
    const histories = paused(other, 450);
    histories.start('c-11', 2000);
    histories.fault('c-11', 2001, 'PAUSED', 'not-run');
    expect(violationsOf(histories)).toEqual(ran(['c-11']));
  });

  it('finds that fewer calls came in packs than are to', () => {
    const packed = (share: number): Histories => {
      const histories = new Histories();
      histories.plan['expect'] = { packed: share };
      for (const [n, entry] of ['5-0', '5-0', '5-0', '6-0', '7-0'].entries()) {
        histories.start(`c-2${n}`, 2000);
        histories.execution(`c-2${n}`, 'service-1.1', 2002, 2012, 'work', entry);
        histories.value(`c-2${n}`, 2015);
      }
      // The same id in another stream is no pack.
      histories.start('c-30', 2000);
      histories.execution('c-30', 'service-1.1', 2002, 2012, 'once', '6-0');
      histories.value('c-30', 2015);
      return histories;
    };
    expect(check(packed(0).written()).figures).toMatchObject({ packed: 3, packs: 1 });
    expect(rulesOf(packed(3 / 16))).toEqual([]);
    expect(rulesOf(packed(4 / 16))).toEqual(['packed']);
  });

  it('finds a lease that was taken from a healthy instance', () => {
    const histories = new Histories();
    histories.run.push({ k: 'revoked', consumer: 'host-101-x', left: 4000, t: 2000 });
    expect(rulesOf(histories)).toEqual(['take-over']);
  });

  it('finds nothing in the lease of a process that had ended by itself', () => {
    const histories = new Histories();
    histories.plan['crashes'] = true;
    histories.run.push({
      k: 'exit',
      name: 'service-1.1',
      kind: 'service',
      signal: 'SIGKILL',
      t: 1500,
    });
    histories.run.push({ k: 'revoked', consumer: 'host-101-x', left: 4000, t: 2000 });
    expect(rulesOf(histories)).not.toContain('take-over');
  });
});
