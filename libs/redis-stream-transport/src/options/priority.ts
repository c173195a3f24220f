import { PRIORITIES, type Priority } from '../protocol/priority.js';
import { invalid, type Option } from './option.js';

const CLASSES: readonly unknown[] = PRIORITIES;

/** The record option `priority`. */
export const priority: Option<Priority, undefined> = {
  type: "`'high'`, `'normal'` or `'low'`",
  default: undefined,
  read(value, name, place) {
    if (CLASSES.includes(value)) return value as Priority;
    throw invalid(place, name, "'high', 'normal' or 'low'", value);
  },
};
