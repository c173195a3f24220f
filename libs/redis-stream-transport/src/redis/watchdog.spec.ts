import { Watchdog } from './watchdog.js';

/** Heartbeat after 3 s, dead after 3.5 s, a look every second. */
const watchdog = () => new Watchdog(3000, 3500, 1000, 0);

/** Looks every second. */
function look(dog: Watchdog, from: number, to: number, blocking = 0): string[] {
  const verdicts = [];
  for (let now = from; now <= to; now += 1000) verdicts.push(dog.tick(now, blocking));
  return verdicts;
}

describe('the watchdog', () => {
  it('asks for a sign of life after silence', () => {
    expect(look(watchdog(), 1000, 3000)).toEqual(['fine', 'fine', 'ping']);
  });

  it('gives a command its time, and no more', () => {
    const dog = watchdog();
    dog.sent(0);
    expect(look(dog, 1000, 4000)).toEqual(['fine', 'fine', 'fine', 'dead']);
  });

  it('counts from the last answer while commands are in flight', () => {
    const dog = watchdog();
    dog.sent(0);
    dog.sent(0);
    look(dog, 1000, 2000);
    dog.answered(2000);
    expect(look(dog, 3000, 6000)).toEqual(['fine', 'fine', 'fine', 'dead']);
  });

  it('lets a blocking command block', () => {
    const dog = watchdog();
    dog.sent(0);
    expect(look(dog, 1000, 5000, 2000)).toEqual(['fine', 'fine', 'fine', 'fine', 'fine']);
    expect(dog.tick(6000, 2000)).toBe('dead');
  });

  it('does not blame the connection for a process that stood still', () => {
    const dog = watchdog();
    dog.tick(1000, 0);
    dog.sent(1000);
    expect(dog.tick(60_000, 0)).toBe('fine');
    expect(look(dog, 61_000, 63_000)).toEqual(['fine', 'fine', 'dead']);
  });

  it('forgets the silence before a stall as little as it counts the stall', () => {
    const dog = watchdog();
    dog.sent(0);
    look(dog, 1000, 3000);
    // 3 s of silence, then 10 s in which nothing could be read, then half a second of silence.
    expect(dog.tick(13_000, 0)).toBe('fine');
    expect(dog.tick(14_000, 0)).toBe('dead');
  });

  it('reads what came during a stall before it judges', () => {
    const dog = watchdog();
    dog.sent(0);
    look(dog, 1000, 3000);
    expect(dog.tick(5100, 0)).toBe('fine');
    dog.answered(5101);
    expect(dog.tick(6000, 0)).toBe('fine');
  });

  it('needs no longer than heartbeat, patience and two looks', () => {
    const every = 250;
    const dog = new Watchdog(3000, 3500, every, 0);
    let last = 'fine';
    let now = 0;
    while (last !== 'dead') {
      last = dog.tick((now += every), 0);
      // The ping never comes back.
      if (last === 'ping') dog.sent(now);
    }
    expect(now).toBeLessThanOrEqual(7000);
  });
});
