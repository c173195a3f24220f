import type { Delivery } from '../run/delivery.js';
import { Pack } from '../run/pack.js';
import { SettlementBuilder } from './settlement-builder.js';

/** The settlement of all calls of a pack, in one turn. */
function settled(spared: number) {
  const pack = new Pack<Delivery>('1-1', 2, undefined);
  const builder = new SettlementBuilder();
  for (const place of [0, 1]) {
    const delivery = {
      ...{ id: '1-1', pack, place, history: { attempts: 0, spared }, once: false },
      ...{ isRequest: true, name: `1-1#${place}`, stream: { name: 's' } },
      entry: { header: { caller: 'c' } },
    } as unknown as Delivery;
    builder.add({ delivery, reply: '[]', final: true, keyed: undefined }, 60_000);
  }
  return builder.build('me').streams[0];
}

describe('a pack that ends as a whole', () => {
  it('goes like any other entry', () => {
    expect(settled(0)).toMatchObject({ drop: ['1-1'], packs: [], noted: [] });
  });

  it('takes along the note that a delivery of it does not count', () => {
    expect(settled(1)).toMatchObject({ drop: ['1-1'], packs: [], noted: ['1-1'] });
  });
});
