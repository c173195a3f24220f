import type { Delivery } from '../run/delivery.js';
import { Pack } from '../run/pack.js';
import { SettlementBuilder } from './settlement-builder.js';

const fresh = () => new Pack<Delivery>('1-1', 2, undefined);

/** The settlement of calls of a pack, in one turn. */
function settled(spared: number, pack = fresh(), places = [0, 1]) {
  const builder = new SettlementBuilder();
  for (const place of places) {
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
    expect(settled(0)).toMatchObject({ drop: ['1-1'], packs: [], noted: [], lettered: [] });
  });

  it('takes along what was noted of its calls', () => {
    const [marked, ended, claimed] = [fresh(), fresh(), new Pack<Delivery>('1-1', 2, 'x.')];
    marked.asksToMark({ place: 0 } as Delivery);
    expect(settled(0, marked)).toMatchObject({ drop: ['1-1'], packs: [], lettered: ['1-1'] });
    for (let times = 0; times < 2; times++) ended.endedInRedis({ place: 0 } as Delivery);
    for (const pack of [ended, claimed])
      expect(settled(0, pack, [1])).toMatchObject({ drop: ['1-1'], packs: [], lettered: ['1-1'] });
  });

  it('is left to Redis where other groups handle it too, and something was noted of it', () => {
    const shared = new Pack<Delivery>('1-1', 2, undefined, 'g');
    shared.asksToMark({ place: 0 } as Delivery);
    const rest = { drop: [], keep: [], lettered: [], packs: [{ note: '1-1 g', letters: 'xx' }] };
    expect(settled(0, shared)).toMatchObject(rest);
  });

  it('is none while calls of it are open', () => {
    const rest = { drop: [], lettered: [], packs: [{ note: '1-1', letters: '.x' }] };
    expect(settled(0, fresh(), [1])).toMatchObject(rest);
  });

  it('takes along the note that a delivery of it does not count', () => {
    expect(settled(1)).toMatchObject({ drop: ['1-1'], packs: [], noted: ['1-1'] });
  });
});
