import { emitKeypressEvents } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import type { ScreenEvents, WholeScreen } from '../terminal.js';
import type { PressedKey } from './view.js';

// The other screen, no cursor, and no wrapping of lines that are longer than the screen is wide.
const TAKE = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const GIVE_BACK = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Takes the screen of the terminal at which this process runs. It is given back however the process ends, but if it is
 * killed outright.
 */
export function takeScreen(
  input: ReadStream,
  output: WriteStream,
  told: ScreenEvents,
): WholeScreen {
  const pressed = (_: unknown, key: PressedKey | undefined): void => told.pressed(key ?? {});
  const resized = (): void => told.resized();
  const ended = (): void => told.ended();
  let isTaken = true;
  const giveBack = (): void => {
    if (!isTaken) return;
    isTaken = false;
    input.off('keypress', pressed).off('end', ended).off('error', ended);
    output.off('resize', resized).off('error', ended);
    for (const signal of SIGNALS) process.off(signal, ended);
    process.off('exit', giveBack).off('uncaughtExceptionMonitor', giveBack);
    input.setRawMode(false);
    input.pause();
    output.write(GIVE_BACK);
  };
  emitKeypressEvents(input);
  input.setRawMode(true);
  input.on('keypress', pressed).on('end', ended).on('error', ended).resume();
  output.on('resize', resized).on('error', ended);
  for (const signal of SIGNALS) process.on(signal, ended);
  // What went wrong is written after this, onto the screen that stays.
  process.on('exit', giveBack).on('uncaughtExceptionMonitor', giveBack);
  output.write(TAKE);
  return {
    get columns() {
      return output.columns;
    },
    get rows() {
      return output.rows;
    },
    write: (text) => void output.write(text),
    giveBack,
  };
}
