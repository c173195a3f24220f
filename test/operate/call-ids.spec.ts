import { commandAt } from '../contracts/command.js';
import { newCallerId } from '../../libs/redis-stream-transport/src/engine/producer/caller-id.js';

test('the id of a call can be given to a command: no dash stands first', async () => {
  // One of 64 would begin with a dash.
  const ids = Array.from({ length: 1500 }, newCallerId);
  expect(new Set(ids).size).toBe(1500);
  expect(ids.filter((id) => !/^\w[\w-]{21}$/.test(id))).toEqual([]);
  const id = ids.find((one) => one.startsWith('_'));
  expect(id).toBeDefined();
  const said = await commandAt({}, 'explain', `${id}/10000000001`, '--timeout', '1s');
  expect(said.out + said.err).not.toContain('unknown option');
});
