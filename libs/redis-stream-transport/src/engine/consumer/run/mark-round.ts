import type { Marked, Marks } from '../../../redis/start-broker.js';
import type { Delivery } from './delivery.js';
import type { Pack } from './pack.js';

type Wanted = Marks['wanted'][number];

/** Calls of packs that are to be marked in one step, by their packs, and what Redis says of each. */
export class MarkRound {
  readonly packs: readonly Marks[];
  private readonly positions = new Map<Pack<Delivery>, number>();

  /** @param calls of one stream, each of a pack */
  constructor(private readonly calls: readonly Delivery[]) {
    const packs: { note: string; wanted: Wanted[]; attempts: number[]; once: boolean }[] = [];
    for (const call of calls) {
      const pack = call.pack as Pack<Delivery>;
      let at = this.positions.get(pack);
      if (at === undefined) {
        this.positions.set(pack, (at = packs.length));
        const wanted = Array.from({ length: pack.size }, (): Wanted => '.');
        packs.push({ note: pack.note, wanted, attempts: [], once: false });
      }
      const asked = packs[at] as (typeof packs)[number];
      const { wanted, attempts } = asked;
      asked.once ||= call.once;
      const wasAsked = pack.asksToMark(call);
      // A suspect that may be started again is run although an earlier owner had marked it.
      // One that may be started once only is not, also by a repeat: what an earlier owner has marked is no mark of ours.
      const isOurs = wasAsked && !pack.wasMarked(call.place);
      wanted[call.place] = call.once && !isOurs ? 't' : 'T';
      const { attempts: failed } = call.history;
      if (failed === 0) continue;
      while (attempts.length < pack.size) attempts.push(0);
      attempts[call.place] = failed;
    }
    this.packs = packs;
  }

  /** What Redis says of each call, in their order. */
  read(answers: readonly (readonly (Marked | undefined)[])[]): (Marked | undefined)[] {
    return this.calls.map(({ pack, place }) => {
      const at = this.positions.get(pack as Pack<Delivery>) as number;
      return answers[at]?.[place];
    });
  }
}
