import type { GroupBroker } from '../../../redis/group-broker.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { Delivery } from '../run/delivery.js';
import type { Pack } from '../run/pack.js';
import type { StreamState } from './stream-state.js';

/** Packs that one script looks at. */
const PAGE = 100;

interface Waiting {
  readonly pack: Pack<Delivery>;
  readonly known: (state: string | undefined) => void;
}

/**
 * Looks what Redis notes of packs that were read, before any call of them starts: a caller may have cancelled one
 * of its calls before the pack was handed out, and been told that it did not run. What one turn asks for travels as one
 * script. The packs are held meanwhile, so that no audit takes them for lost.
 */
export class PackLooks {
  private readonly waiting = new Map<StreamState, Waiting[]>();

  constructor(
    private readonly context: ShardContext,
    private readonly broker: GroupBroker,
  ) {}

  /** @param known is told the letters of the pack, undefined for none, if the pack is still this process' to run */
  look(stream: StreamState, pack: Pack<Delivery>, known: Waiting['known']): void {
    const list = this.waiting.get(stream);
    if (list !== undefined) {
      list.push({ pack, known });
      return;
    }
    this.waiting.set(stream, [{ pack, known }]);
    queueMicrotask(() => void this.ask(stream));
  }

  private async ask(stream: StreamState): Promise<void> {
    const all = this.waiting.get(stream) ?? [];
    this.waiting.delete(stream);
    for (let from = 0; from < all.length; from += PAGE) {
      await this.askPage(stream, all.slice(from, from + PAGE));
    }
  }

  private async askPage(stream: StreamState, page: readonly Waiting[]): Promise<void> {
    const { owner } = this.context.identity;
    const notes = page.map(({ pack }) => pack.note);
    // Without an answer they are let go of: they stay pending, and the audit finds them with all that is noted.
    const states = await this.broker.look(owner, stream.name, notes).catch(() => []);
    for (const [i, { pack, known }] of page.entries()) {
      // Under a name that was given up it is somebody else's.
      if (stream.held.get(pack.id) !== pack) continue;
      const state = states[i];
      if (state === undefined) stream.held.delete(pack);
      else known(state === '' ? undefined : state);
    }
  }
}
