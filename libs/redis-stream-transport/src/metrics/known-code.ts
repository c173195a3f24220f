import { REDIS_STREAMS_ERROR_CODES } from '../errors.js';
import { OTHER } from './label-texts.js';

/** A code for a label: those of other programs are `other`, none is empty. */
export function knownCode(code: string | undefined): string {
  if (code === undefined) return '';
  return Object.hasOwn(REDIS_STREAMS_ERROR_CODES, code) ? code : OTHER;
}
