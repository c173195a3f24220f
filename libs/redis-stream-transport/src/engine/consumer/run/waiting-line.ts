import type { Delivery } from './delivery.js';

/** Puts a delivery among those that wait for a slot: before what matters less, after everything else. */
export function lineUp(line: Delivery[], delivery: Delivery): void {
  const { rank } = delivery.stream;
  let at = line.length;
  while (at > 0 && (line[at - 1] as Delivery).stream.rank > rank) at--;
  if (at === line.length) line.push(delivery);
  else line.splice(at, 0, delivery);
}
