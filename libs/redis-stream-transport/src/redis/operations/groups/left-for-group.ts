import { listOf, numberOf } from '../../answer.js';
import type { GroupPlace } from '../place.js';

/**
 * How many entries of a stream a group has not finished, about: what is pending, and what it has not read. 0: the group is
 * not there, or has finished all.
 */
export async function leftForGroup(
  { link, keys, group }: GroupPlace,
  stream: string,
): Promise<number> {
  const exists = await link.command('exists', [keys.stream(stream)]);
  if (numberOf(exists) === 0) return 0;
  const groups = await link.command('xinfo', ['GROUPS', keys.stream(stream)]);
  for (const each of listOf(groups, 'XINFO GROUPS')) {
    const fields = listOf(each, 'XINFO GROUPS');
    const valueOf = (name: string): unknown => fields[fields.indexOf(name) + 1];
    // Redis does not know the lag where entries were deleted: perhaps there is one.
    if (valueOf('name') === group)
      return numberOf(valueOf('pending')) + numberOf(valueOf('lag') ?? 1);
  }
  return 0;
}
