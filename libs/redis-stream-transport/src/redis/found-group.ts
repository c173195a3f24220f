import { isEntryId } from '../protocol/limits.js';
import { textsOf, wordOf } from './answer.js';

/** What a group needs that was to be there. */
export type FoundGroup =
  | {
      readonly state: 'had' | 'new' | 'lost';
      /** Events up to this id were there before the group and are not for it. */
      readonly since: string | undefined;
    }
  | {
      /** Under one of its names stands something else: until that is gone the stream cannot be read. */
      readonly state: 'wrong';
      readonly key: string;
      readonly type: string;
    };

const STATES = ['had', 'new', 'lost', 'wrong'] as const;

export function readFoundGroup(answer: unknown): FoundGroup {
  const [word, detail = '', type = ''] = textsOf(answer, 'group');
  const state = wordOf(word, STATES, 'group');
  if (state === 'wrong') return { state, key: detail, type };
  return { state, since: isEntryId(detail) ? detail : undefined };
}
