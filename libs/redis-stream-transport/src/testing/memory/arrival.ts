import { helloScript, helloWhenFullScript } from '../../redis/operations/hello.js';
import { layoutScript } from '../../redis/operations/layout.js';
import { rightsScript } from '../../redis/operations/rights.js';
import type { Script } from '../../redis/operations/script.js';
import { renewed } from './incarnation.js';
import { operation, Refused, type Operation } from './operation.js';

const helloOf = (script: Script<readonly ['incarnation'], readonly ['fresh']>): Operation =>
  operation(script, (store, { incarnation, fresh }) => {
    const [id, born] = renewed(store, incarnation, fresh);
    return [id, born, String(store.now)];
  });

/** Says which memory a connection has reached. */
export const hello = helloOf(helloScript);
export const helloWhenFull = helloOf(helloWhenFullScript);

/** Notes the layout, or refuses another one. */
export const layout = operation(layoutScript, (store, said) => {
  const { shards, protocol, tags } = said;
  const known = store.hash(said.layout);
  if (!known.has('shards')) {
    if (said.notes !== '1') return 'ok';
    for (const [name, value] of Object.entries({ shards, protocol, tags }))
      if (value !== '') store.setField(said.layout, name, value);
    return 'ok';
  }
  const isSame =
    known.get('shards') === shards &&
    known.get('protocol') === protocol &&
    (known.get('tags') ?? '') === tags;
  if (isSame) return 'ok';
  throw new Refused(
    `LAYOUT option "shards" is ${shards} here, and ${known.get('shards')} in the broker since the first start`,
  );
});

/** Everything is permitted. */
export const rights = operation(rightsScript, () => []);
