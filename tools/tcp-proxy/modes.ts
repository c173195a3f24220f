// The faults that a connection through the proxy can have.
import type { Mode, Passage, Role } from './passage.js';

type Carry = (chunk: Buffer, passage: Passage) => void;

const nothing: Carry = () => {};
const toRedis: Carry = (chunk, passage) => passage.toRedis(chunk);

/** A mode that changes only what Redis sends. */
const answers = (carry: Carry): Mode => ({
  answer: carry,
  request: toRedis,
  tellsClient: true,
  tellsRedis: true,
});

export const pass: Mode = answers((chunk, passage) => passage.toClient(chunk));

/** Delays answers, and keeps their order. Milliseconds. */
export const delay = (least: number, most: number): Mode =>
  answers((chunk, passage) => passage.toClient(chunk, passage.random.int(least, most)));

/** Delays both directions by this many milliseconds. */
export const slow = (ms: number): Mode => ({
  ...answers((chunk, passage) => passage.toClient(chunk, ms)),
  request: (chunk, passage) => passage.toRedis(chunk, ms),
});

/** Now and then an answer is swallowed, and the connection ends. `role`: only on connections of this role. */
export const dropAnswers = (probability: number, role?: Role): Mode =>
  answers((chunk, passage) => {
    const spared = role !== undefined && passage.role !== role;
    if (spared || !passage.random.chance(probability)) {
      passage.toClient(chunk);
      return;
    }
    passage.counts.dropped++;
    passage.destroy();
  });

/** Now and then half an answer comes through, and the connection ends. */
export const cutMidFrame = (probability: number): Mode =>
  answers((chunk, passage) => {
    if (!passage.random.chance(probability)) {
      passage.toClient(chunk);
      return;
    }
    passage.counts.cutShort++;
    passage.toClient(chunk.subarray(0, Math.max(1, Math.floor(chunk.length / 2))));
    passage.finish();
  });

/** Passes this many bytes per second. */
export const byteRate = (bytesPerSecond: number): Mode =>
  answers((chunk, passage) => {
    passage.toClient(chunk, passage.backlog + (chunk.length / bytesPerSecond) * 1000);
  });

/** Commands reach Redis; no answer comes back, and the connection stays. */
export const noAnswers: Mode = answers(nothing);

/** Nothing comes through, and neither end learns that the other one has gone. */
export const blackhole: Mode = {
  answer: nothing,
  request: nothing,
  tellsClient: false,
  tellsRedis: false,
};

/** Nothing comes through, and the client never learns that Redis has gone. Redis learns when the client has gone. */
export const halfOpen: Mode = { ...blackhole, tellsRedis: true };
