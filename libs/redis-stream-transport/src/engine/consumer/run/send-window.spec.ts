import { SendWindow } from './send-window.js';

const window = (values: number, characters = 1000, first = 0) =>
  new SendWindow({ values, characters }, first);

const send = (to: SendWindow, lengths: readonly number[]) => {
  for (const length of lengths) {
    to.give();
    to.sent(length);
  }
};

describe('a window', () => {
  test('is open for as many values as were asked for', () => {
    const one = window(2);
    send(one, [1]);
    expect(one.isOpen).toBe(true);
    send(one, [1]);
    expect(one.isOpen).toBe(false);
    one.credit({ asked: 3, taken: 1 });
    expect(one.isOpen).toBe(true);
    send(one, [1]);
    expect(one.isOpen).toBe(false);
  });

  test('counts a value from when the handler gives it', () => {
    const one = window(1);
    one.give();
    expect(one.isOpen).toBe(false);
  });

  test('is open for so many characters; the value that crosses the bound is sent', () => {
    const one = window(100, 10);
    send(one, [9]);
    expect(one.isOpen).toBe(true);
    send(one, [9]);
    expect(one.isOpen).toBe(false);
    one.credit({ asked: 100, taken: 1 });
    expect(one.isOpen).toBe(true);
  });

  test('old and repeated notices change nothing', () => {
    const one = window(2);
    send(one, [1, 1]);
    one.credit({ asked: 4, taken: 2 });
    one.credit({ asked: 3, taken: 1 });
    one.credit({ asked: 4, taken: 2 });
    send(one, [1, 1]);
    expect(one.isOpen).toBe(false);
  });

  test('nothing is taken that was not sent', () => {
    const one = window(4, 10);
    send(one, [20]);
    one.credit({ asked: 4, taken: 1000 });
    expect(one.isOpen).toBe(true);
    send(one, [20]);
    expect(one.isOpen).toBe(false);
  });

  test('begins at the first value of its run', () => {
    const one = window(2, 1000, 1);
    send(one, [1, 1]);
    expect(one.isOpen).toBe(false);
    one.credit({ asked: 4, taken: 1 });
    expect(one.isOpen).toBe(true);
  });

  test('calls back once, when more was asked for or the stream is over', async () => {
    const one = window(1);
    send(one, [1]);
    const told = vi.fn();
    one.whenOpen(told);
    one.credit({ asked: 1, taken: 0 });
    expect(told).not.toHaveBeenCalled();
    one.credit({ asked: 2, taken: 1 });
    one.credit({ asked: 3, taken: 1 });
    expect(told).toHaveBeenCalledTimes(1);
    const opened = one.opened();
    one.wake();
    await opened;
  });

  test('its first value proves a caller; then only notices do', () => {
    const one = window(5);
    send(one, [1]);
    expect(one.renews).toBe(true);
    send(one, [1]);
    expect(one.renews).toBe(false);
    const other = window(5);
    other.credit({ asked: 5, taken: 0 });
    expect(other.renews).toBe(false);
  });
});
