import { CommandFailure } from '../../../redis/failure.js';
import type { GroupBroker } from '../../../redis/group-broker.js';
import { Periodic } from '../../periodic.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { StreamState } from './stream-state.js';

/** Milliseconds between two looks at streams that cannot be read. */
const LOOK_AGAIN = 1000;

/**
 * Makes sure that a group exists on all of its streams; a lost one is made anew where it stood. A stream
 * that cannot be read, because something else stands under its name or that of a key that it needs, is left
 * out until it can: it must not keep the others from being served.
 */
export class Groups {
  private readonly looks: Periodic;
  /** Streams that are being looked at because something of them was refused. */
  private readonly doubtful = new Set<StreamState>();

  /** @param healed streams can be read that could not */
  constructor(
    private readonly context: ShardContext,
    private readonly broker: GroupBroker,
    private readonly streams: readonly StreamState[],
    private readonly healed: () => void,
  ) {
    this.looks = new Periodic(context.clock, {
      wait: () => (this.broken.length > 0 ? LOOK_AGAIN : undefined),
      run: () => this.look(),
    });
    for (const stream of streams) stream.doubted = () => void this.doubt(stream);
  }

  /**
   * @param strict whether what Redis refuses rejects: at the start a missing permission is a mistake that
   * somebody can mend, later it must not stop what goes on
   */
  async ensure(strict: boolean): Promise<void> {
    const wereBroken = this.broken.length;
    const outcomes = await Promise.allSettled(this.streams.map((each) => this.one(each, strict)));
    this.looks.again();
    if (this.broken.length < wereBroken) this.healed();
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** Looks, from now on, at what cannot be read. */
  start(): void {
    this.looks.start();
  }

  /** Looks at nothing more, whatever is on its way. */
  stop(): void {
    this.looks.stop();
  }

  private get broken(): StreamState[] {
    return this.streams.filter(({ isBroken }) => isBroken);
  }

  private async one(stream: StreamState, strict: boolean): Promise<void> {
    const { options, logger, identity } = this.context;
    const { name, kind, notesStarts } = stream;
    const { history } = options;
    try {
      const reading = { consumer: identity.consumer, notesStarts };
      const found = await this.broker.ensureGroup(name, kind, history, reading);
      if (found.state === 'wrong') {
        this.breaks(stream, `WRONGTYPE: the key ${found.key} is a ${found.type}`);
        return;
      }
      stream.since = found.since;
      stream.isBroken = false;
      if (found.state === 'lost') {
        logger.warn(`group ${name}`, `group ${this.broker.group} of ${name} was lost; made anew`);
      }
    } catch (error) {
      const { kind: of, reply, message, passing } = error as CommandFailure;
      // Memory that is full is no fault of a stream: what is read and cleaned is what frees it.
      const isItsOwn = of === 'refused' && !passing && reply !== 'OOM';
      if (!strict && isItsOwn) this.breaks(stream, message);
      else throw new CommandFailure(of, reply, `stream ${name}: ${message}`, error);
    }
  }

  /** Something of it was refused, for want of a key that is something else perhaps. */
  private async doubt(stream: StreamState): Promise<void> {
    if (stream.isBroken || this.doubtful.has(stream)) return;
    this.doubtful.add(stream);
    await this.one(stream, false).catch(() => undefined);
    this.doubtful.delete(stream);
    this.looks.again();
  }

  private breaks(stream: StreamState, why: string): void {
    stream.isBroken = true;
    const line = `stream ${stream.name} is not read until it can be: ${why}`;
    this.context.logger.error(`stream ${stream.name}`, line);
  }

  private async look(): Promise<void> {
    const broken = this.broken;
    if (this.context.isUp) {
      await Promise.allSettled(broken.map((stream) => this.one(stream, false)));
    }
    if (this.looks.isStopped) return;
    if (broken.some(({ isBroken }) => !isBroken)) this.healed();
  }
}
