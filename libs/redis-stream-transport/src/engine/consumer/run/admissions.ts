import type { Arrival, StartBroker } from '../../../redis/start-broker.js';
import { thrownText } from '../../../thrown.js';
import type { ShardContext } from '../membership/shard-context.js';
import { Patience } from '../settle/patience.js';
import { aboutEntry, lineOf, patternOf } from '../settle/entry-lines.js';
import type { Delivery, HomeStream } from './delivery.js';
import type { Message } from './delivery-owner.js';

/** Messages that one script asks about. */
const MOST = 256;

interface Asked {
  readonly delivery: Delivery;
  readonly arrival: Arrival;
  readonly begin: () => void;
}

/**
 * Asks Redis whether sealed messages came for the first time, those of one turn and stream together. It goes on asking
 * until it is answered: what cannot be known does not run.
 */
export class Admissions {
  private readonly lists = new Map<HomeStream, Asked[]>();
  private readonly patience: Patience;

  constructor(
    private readonly context: ShardContext,
    private readonly broker: Pick<StartBroker, 'admit'>,
    /** Ends a delivery, and nobody is told. */
    private readonly end: (delivery: Delivery) => void,
  ) {
    this.patience = new Patience(context.clock);
  }

  /** Begins it if its message came for the first time; else ends it. */
  ask(delivery: Delivery, message: Message, begin: () => void): void {
    const { stream, name } = delivery;
    const asked = { delivery, arrival: { name, ...message }, begin };
    const list = this.lists.get(stream);
    if (list === undefined) {
      this.lists.set(stream, [asked]);
      queueMicrotask(() => void this.flush(stream));
    } else if (list.push(asked) === MOST) void this.flush(stream);
  }

  /** The lease was renewed: tries again at once. */
  resume(): void {
    this.patience.resume();
  }

  /** Nothing is held any more. */
  drop(): void {
    this.patience.drop();
  }

  private async flush(stream: HomeStream): Promise<void> {
    const list = this.lists.get(stream);
    if (list === undefined) return;
    this.lists.delete(stream);
    const arrivals = list.map(({ arrival }) => arrival);
    const answers = await this.patience.until(
      () => list.some(isHeld),
      () =>
        this.broker
          .admit(stream.name, arrivals)
          .catch((error: unknown) => this.refused(stream, error)),
    );
    for (const [i, asked] of list.entries()) {
      const answer = answers?.[i];
      if (answer === undefined || !isHeld(asked)) continue;
      if (answer) asked.begin();
      else this.repeated(asked.delivery);
    }
  }

  /** Its caller is told nothing: the entry that came first answers. */
  private repeated(delivery: Delivery): void {
    this.end(delivery);
    const { diagnostics, logger } = this.context;
    const detail = 'it repeats a message that came before, and was dropped';
    diagnostics.untrusted(delivery, 'repeated', detail);
    diagnostics.ended(delivery, 'refused', 'UNTRUSTED');
    const line = aboutEntry(delivery, () => lineOf(delivery, detail));
    logger.warn(`UNTRUSTED ${patternOf(delivery)}`, line);
  }

  private refused(stream: HomeStream, error: unknown): undefined {
    const line = `cannot start entries of ${stream.name} yet: ${thrownText(error)}`;
    this.context.logger.warn(`START_REFUSED ${stream.name}`, line);
    return undefined;
  }
}

const isHeld = ({ delivery }: Asked): boolean => !delivery.ended;
