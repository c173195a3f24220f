/** What becomes of the bytes that Redis sends. */
export type Mode = (chunk: Buffer, passage: Passage) => void;

export const pass: Mode;
export function delay(least: number, most: number): Mode;
export function dropAnswers(probability: number): Mode;
export function cutMidFrame(probability: number): Mode;
export function byteRate(bytesPerSecond: number): Mode;
export const blackhole: Mode;

export interface Passage {
  mode: Mode;
  readonly name: string;
  busyUntil: number;
  readonly role: 'commands' | 'reader' | 'subscriber';
  /** Hands on what Redis sent, after so many milliseconds, in order. */
  toClient(chunk: Buffer, after?: number): void;
  destroy(): void;
  finish(): void;
  reset(): void;
}
