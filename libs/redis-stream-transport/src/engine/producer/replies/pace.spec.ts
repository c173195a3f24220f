import { Random } from '../../../../../../tools/random.js';
import { SendWindow } from '../../consumer/run/send-window.js';
import { Reading } from './reading.js';

const run = { instance: 'a', deliveries: 1, nonce: 3 };

/**
 * A service and a reader of one stream, with replies and notices that travel in order and are never lost.
 *
 * @returns how many of 3000 values the service has given when it stood although its reader had taken all
 */
function play(seed: number, size: { values: number; characters: number }, most: number): number {
  const random = new Random(seed);
  const window = new SendWindow(size, 0);
  const reading = new Reading({ ...size, most });
  const coming: number[] = [];
  let standing = 0;
  let sent = 0;
  let length = 0;
  const tell = (credit: ReturnType<Reading['due']>) => {
    if (credit !== undefined) window.credit(credit);
  };
  const come = () => {
    reading.weigh(coming.shift()!);
    if (reading.hand(run)) tell(reading.credit());
    standing++;
  };
  const take = () => {
    reading.take();
    standing--;
    // Takes of one turn are told together.
    if (random.chance(0.7)) tell(reading.due());
  };
  while (sent < 3000) {
    const act = random.int(0, 9);
    if (act < 4 && window.isOpen) {
      length = random.int(0, 9) === 0 ? size.characters : random.int(20, 200);
      window.give();
      window.sent(length);
      coming.push(length);
      sent++;
    } else if (act < 7 && coming.length > 0) come();
    else if (act < 9 && standing > 0) take();
    // A sign of life.
    else if (act === 9) tell(reading.credit());
    if (coming.length + standing > 0 || window.isOpen) continue;
    // All that was sent is taken, so the service must be told to go on.
    tell(reading.due());
    if (!window.isOpen) break;
  }
  return sent;
}

test.each([
  [{ values: 1, characters: 1000 }, 1],
  [{ values: 8, characters: 1000 }, 8],
  [{ values: 64, characters: 1000 }, 4096],
  [{ values: 64, characters: 100_000 }, 4096],
])('a window of %j goes on whenever its reader has taken all', (size, most) => {
  for (let seed = 1; seed <= 20; seed++) expect(play(seed, size, most)).toBe(3000);
});
