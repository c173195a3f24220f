import { readWaitingScript } from '../../../redis/operations/serving/read-waiting.js';
import { timeOf } from '../../../protocol/entry.js';
import { operation } from '../operation.js';

/** Reads one entry that has waited for long. */
export const readWaiting = operation(readWaitingScript, (store, said) => {
  for (const { stream: key } of said.streams) {
    const [stream, group] = [store.stream(key), store.group(key, said.group)];
    const [first] = group === undefined ? [] : (stream?.range(`(${group.last}`, '+', 1) ?? []);
    if (stream === undefined || group === undefined || first === undefined) continue;
    const waited = store.now - timeOf(first[0]);
    if (waited < 0 || waited >= Number(said.age))
      return [[key, stream.read(group, said.consumer, 1)]];
  }
  return [];
});
