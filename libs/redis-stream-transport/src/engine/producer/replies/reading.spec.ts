import { Reading } from './reading.js';
import type { Run } from './run.js';

const run: Run = { instance: 'a', deliveries: 1, nonce: 3 };
const exact = { values: 8, characters: 1000, most: 8 };
const growing = { ...exact, most: 64 };

const read = (reading: Reading, values: number, of = run) => {
  for (let n = 0; n < values; n++) {
    reading.hand(of);
    reading.take();
  }
};

describe('a reader', () => {
  test('says what it has taken, and asks for a window more', () => {
    const reading = new Reading(exact);
    expect(reading.credit()).toBeUndefined();
    read(reading, 3);
    expect(reading.credit()).toEqual({ nonce: 3, asked: 11, taken: 3 });
  });

  test('asks anew when half of the window is used up', () => {
    const reading = new Reading(exact);
    read(reading, 3);
    expect(reading.due()).toBeUndefined();
    read(reading, 1);
    expect(reading.due()).toEqual({ nonce: 3, asked: 12, taken: 4 });
    expect(reading.due()).toBeUndefined();
  });

  test('asks anew when much has come, also in few values', () => {
    const reading = new Reading(exact);
    reading.weigh(300);
    read(reading, 1);
    expect(reading.due()).toEqual({ nonce: 3, asked: 9, taken: 1 });
  });

  test('asks for nothing while it stands', () => {
    const reading = new Reading(exact);
    for (let n = 0; n < 8; n++) reading.hand(run);
    reading.weigh(5000);
    expect(reading.isStanding).toBe(true);
    expect(reading.due()).toBeUndefined();
    for (let n = 0; n < 8; n++) reading.take();
    expect(reading.isStanding).toBe(false);
    expect(reading.due()).toMatchObject({ asked: 16, taken: 8 });
  });

  test('that keeps up asks for more each time, within bounds', () => {
    const reading = new Reading(growing);
    const most: number[] = [];
    for (let n = 0; n < 40; n++) {
      read(reading, 8);
      const { asked = 0, taken = 0 } = reading.due() ?? {};
      most.push(asked - taken);
    }
    expect(Math.max(...most)).toBe(64);
  });

  test('that falls behind is given what the window says', () => {
    const reading = new Reading(growing);
    for (let n = 0; n < 40; n++) {
      read(reading, 8);
      reading.due();
    }
    for (let n = 0; n < 100; n++) reading.hand(run);
    reading.due();
    for (let n = 0; n < 100; n++) reading.take();
    const { asked, taken } = reading.credit()!;
    expect(asked - taken).toBe(8);
  });

  test('counts anew in another run, without the values that it has of the first', () => {
    const reading = new Reading(exact);
    for (let n = 0; n < 5; n++) reading.hand(run);
    const next = { instance: 'b', deliveries: 2, nonce: 9, first: 1 };
    expect(reading.hand(next)).toBe(true);
    for (let n = 0; n < 5; n++) reading.take();
    expect(reading.credit()).toEqual({ nonce: 9, asked: 9, taken: 1 });
    reading.take();
    expect(reading.credit()).toEqual({ nonce: 9, asked: 10, taken: 2 });
    expect(reading.instance).toBe('b');
  });

  test('takes nothing that it was not given', () => {
    const reading = new Reading(exact);
    reading.hand(run);
    reading.take();
    reading.take();
    expect(reading.credit()).toMatchObject({ taken: 1 });
  });

  test('does not count what it is given late of a run before', () => {
    const reading = new Reading(exact);
    reading.handOld();
    read(reading, 2, { instance: 'b', deliveries: 2, nonce: 9, first: 1 });
    // The first that is taken is the old one.
    expect(reading.credit()).toEqual({ nonce: 9, asked: 10, taken: 2 });
    reading.take();
    expect(reading.credit()).toEqual({ nonce: 9, asked: 11, taken: 3 });
    reading.handOld();
    expect(reading.isStanding).toBe(true);
  });

  test('asks anew when what has come waits to be read, and was long', () => {
    const reading = new Reading(exact);
    reading.weigh(900);
    reading.weigh(20);
    read(reading, 1);
    expect(reading.due()).toMatchObject({ taken: 1 });
    read(reading, 1);
    expect(reading.due()).toMatchObject({ taken: 2 });
    reading.weigh(20);
    read(reading, 1);
    expect(reading.due()).toBeUndefined();
  });
});
