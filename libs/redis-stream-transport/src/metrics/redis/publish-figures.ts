import { INSTRUMENT_NAMES, instrument } from '../instruments.js';
import { BoundedTexts } from '../label-texts.js';
import type { Tallies } from '../tallies.js';
import type { Figures } from './read-figures.js';

/** Groups that have labels of their own. */
const MOST_GROUPS = 200;

/** Puts figures in the place of those that were there. */
export function publishFigures(tallies: Tallies, figures: Figures, maxPatterns: number): void {
  forgetFigures(tallies);
  const patterns = new BoundedTexts(maxPatterns);
  const groups = new BoundedTexts(MOST_GROUPS);
  for (const { stream, group, lag, pending, retries, ...ages } of figures.streams) {
    const labels = [group === undefined ? '' : groups.of(group), patterns.of(stream)];
    tallies.count('backlog_entries', labels).value += lag + pending;
    tallies.count('lag_entries', labels).value += lag;
    tallies.count('pending_entries', labels).value += pending;
    tallies.count('retries_waiting', labels).value += retries;
    const oldest = tallies.count('oldest_entry', labels);
    oldest.value = Math.max(oldest.value, ages.oldestUnread / 1000, ages.oldestPending / 1000);
    const held = tallies.count('oldest_pending', labels);
    held.value = Math.max(held.value, ages.oldestPending / 1000);
  }
  for (const { stream, entries, overdue } of figures.scheduled) {
    const labels = [patterns.of(stream)];
    tallies.count('scheduled_entries', labels).value += entries;
    const oldest = tallies.count('oldest_overdue', labels);
    oldest.value = Math.max(oldest.value, overdue / 1000);
  }
  for (const [group, { instances, deadLetters }] of figures.groups) {
    const labels = [groups.of(group)];
    tallies.count('live_instances', labels).value += instances;
    tallies.count('dead_letters_kept', labels).value += deadLetters;
  }
  tallies.count('callers').value = figures.callers;
}

/** Forgets all figures of Redis: they are old, or another process reads them now. */
export function forgetFigures(tallies: Tallies): void {
  for (const name of INSTRUMENT_NAMES) {
    if (instrument(name).from === 'redis') tallies.clear(name);
  }
}
