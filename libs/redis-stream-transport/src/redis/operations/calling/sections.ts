import type { Keys } from '../../../protocol/keys.js';

/** The entries of a batch that go to one stream, for one pattern, under the same conditions. */
export interface BatchSection {
  readonly stream: string;
  readonly pattern: string;
  /** When to store. 0: always; 1: only if an instance serves the pattern now; 2: only if one ever did. */
  readonly mode: 0 | 1 | 2;
  /** Redis is to say whether all who answer the pattern take packs, and over how many streams it is spread. */
  readonly asks?: boolean;
  /** They are events: it asks who hears the stream, not who answers the pattern. */
  readonly isEvent?: boolean;
  /**
   * Whether the length of the stream is looked at, and it becomes known to services with wildcards. Default: true.
   */
  readonly measures?: boolean;
  /** The entries have more than the two fields `c` and `d`. */
  readonly hasExtraFields: boolean;
  /** They go to this stream instead, if all who read `stream` read it too. */
  readonly ofClass?: ClassOf | undefined;
  /** It is one entry: before its field list come its id, when it is due, and how long another one adds nothing. */
  readonly schedule?: { readonly messageId: string | undefined };
  /** Of each entry the values of `c` and `d`, or with extra fields its whole field list. */
  readonly entries: readonly (readonly string[])[];
}

/** The stream of a class of importance, and what is stored there: that decides who must read it. */
export interface ClassOf {
  readonly stream: string;
  readonly isEvent: boolean;
}

/** The keys of a section. */
export function pushKeys(line: string[], keys: Keys, section: BatchSection): void {
  const { stream, pattern, schedule, ofClass } = section;
  if (schedule === undefined) {
    line.push(keys.stream(stream));
    if (!isLone(section)) line.push(keys.live(pattern));
    if (ofClass !== undefined) line.push(keys.stream(ofClass.stream));
  } else {
    pushWaiting(line, keys, stream);
    line.push(keys.sent(pattern, schedule.messageId ?? ''));
    if (ofClass !== undefined) {
      line.push(keys.live(pattern));
      pushWaiting(line, keys, ofClass.stream);
    }
  }
}

function pushWaiting(line: string[], keys: Keys, stream: string): void {
  line.push(keys.later(stream), keys.when(stream), keys.stream(stream));
}

/** How many sections follow, and the sections. Lone entries in a row are one. */
export function pushSections(line: string[], sections: readonly BatchSection[]): void {
  const at = line.push('') - 1;
  let count = 0;
  for (let i = 0; i < sections.length; count++) {
    const section = sections[i] as BatchSection;
    const { hasExtraFields, entries } = section;
    if (isLone(section)) {
      const from = i;
      while (goesOn(hasExtraFields, sections[i])) i++;
      line.push('0r', hasExtraFields ? '3' : '2', String(i - from));
      for (let k = from; k < i; k++)
        pushEntry(line, hasExtraFields, sections[k]?.entries[0] as readonly string[]);
      continue;
    }
    const header = sharedHeader(section);
    line.push(modeOf(section), wideOf(section, header), String(entries.length));
    if (header === undefined) {
      for (const fields of entries) pushEntry(line, hasExtraFields, fields);
    } else {
      line.push(header);
      for (const fields of entries) line.push(fields[1] as string);
    }
    i++;
  }
  line[at] = String(count);
}

function wideOf({ schedule, hasExtraFields }: BatchSection, header: string | undefined): string {
  if (schedule !== undefined) return '4';
  if (header !== undefined) return '5';
  return hasExtraFields ? '1' : '0';
}

/**
 * The header that all entries of a section have, if they are several and have nothing but data besides: it is written once.
 * Events mostly have one. The header of a call names the call, so with calls the first two tell.
 */
function sharedHeader({ hasExtraFields, entries }: BatchSection): string | undefined {
  if (hasExtraFields || entries.length < 2) return undefined;
  const header = entries[0]?.[0];
  return entries.every((fields) => fields[0] === header) ? header : undefined;
}

function pushEntry(line: string[], isList: boolean, fields: readonly string[]): void {
  if (isList) line.push(String(fields.length));
  for (const field of fields) line.push(field);
}

/** Whether a row of lone entries goes on with this section. */
function goesOn(hasExtraFields: boolean, next: BatchSection | undefined): boolean {
  return next !== undefined && next.hasExtraFields === hasExtraFields && isLone(next);
}

/** One entry, for which nothing is looked at. */
export function isLone({ mode, asks, measures, ofClass, entries }: BatchSection): boolean {
  if (ofClass !== undefined) return false;
  return mode === 0 && asks !== true && measures === false && entries.length === 1;
}

/**
 * Lanes and the further streams of spread patterns are none that wildcards are about. Who has a wildcard reads no class, so each section
 * with a class asks whether somebody has one.
 */
const becomesKnown = ({ measures, ofClass, stream, pattern }: BatchSection): boolean =>
  stream === pattern && (measures !== false || ofClass !== undefined);

/** The mode, and what is asked for or left out. */
function modeOf(section: BatchSection): string {
  const { mode, asks = false, isEvent = false, measures = true, ofClass } = section;
  const rule = ofClass === undefined ? '' : ofClass.isEvent ? 'e' : 'c';
  const known = becomesKnown(section) ? 'n' : '';
  return `${mode}${asks ? (isEvent ? 'q' : 'p') : ''}${measures ? '' : 'r'}${rule}${known}`;
}
