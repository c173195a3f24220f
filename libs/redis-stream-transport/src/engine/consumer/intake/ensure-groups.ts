import { CommandFailure } from '../../../redis/failure.js';
import type { GroupBroker } from '../../../redis/group-broker.js';
import { Periodic } from '../../periodic.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { StreamState } from './stream-state.js';

/** Milliseconds between two checks of streams that cannot be read. */
const LOOK_AGAIN = 1000;

/** Errors of a read after which all groups are ensured: one of them or its stream is gone or cannot be read. */
export const HEALED: ReadonlySet<string> = new Set(['NOGROUP', 'UNBLOCKED', 'WRONGTYPE', 'NOPERM']);

export interface GroupsHooks {
  /** All groups are about to be ensured. */
  healing(): Promise<void>;
  /** Streams can be read again. */
  healed(): void;
}

/**
 * Makes sure that a group exists on each of its streams. Makes a lost group anew at its cursor. A stream is
 * left out while another type of value stands under its key, or under a key that it needs: the other streams
 * are served all the same.
 */
export class Groups {
  private readonly looks: Periodic;
  /** Streams that are being checked because Redis refused something about them. */
  private readonly doubtful = new Set<StreamState>();

  constructor(
    private readonly context: ShardContext,
    private readonly broker: GroupBroker,
    private readonly streams: StreamState[],
    private readonly hooks: GroupsHooks,
  ) {
    this.looks = new Periodic(context.clock, {
      wait: () => (this.broken.length > 0 ? LOOK_AGAIN : undefined),
      run: () => this.look(),
    });
    for (const stream of streams) this.watch(stream);
  }

  /** Makes the group on one more stream. Then it is one of the streams. Rejects with a `CommandFailure`. */
  async add(stream: StreamState): Promise<void> {
    this.watch(stream);
    await this.one(stream, false);
    this.streams.push(stream);
    if (stream.isBroken) this.looks.again();
  }

  /**
   * Rejects with a `CommandFailure`.
   * @param strict also reject when Redis refuses: at the start an operator can still add a missing permission,
   * later a refusal must not stop the other streams
   */
  async ensure(strict: boolean): Promise<void> {
    const wereBroken = this.broken.length;
    await this.hooks.healing();
    const outcomes = await Promise.allSettled(this.streams.map((each) => this.one(each, strict)));
    this.looks.again();
    if (this.broken.length < wereBroken) this.hooks.healed();
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** From now on checks streams that cannot be read. */
  start(): void {
    this.looks.start();
  }

  /** Starts no further check. */
  stop(): void {
    this.looks.stop();
  }

  private watch(stream: StreamState): void {
    stream.doubted = () => void this.doubt(stream);
  }

  private get broken(): StreamState[] {
    return this.streams.filter(({ isBroken }) => isBroken);
  }

  private async one(stream: StreamState, strict: boolean): Promise<void> {
    const { options, logger, identity, diagnostics } = this.context;
    const { name, kind, notesStarts } = stream;
    const { history } = options;
    try {
      const reading = { consumer: identity.consumer, notesStarts, from: stream.from ?? '' };
      const found = await this.broker.ensureGroup(name, kind, history, reading);
      if (found.state === 'wrong') {
        this.breaks(stream, `WRONGTYPE: the key ${found.key} is a ${found.type}`);
        return;
      }
      stream.since = found.since;
      const isHealed = stream.isBroken || found.state === 'lost';
      stream.isBroken = false;
      if (found.state === 'lost') {
        logger.warn(
          `GROUP_LOST ${name}`,
          `group ${this.broker.group} of ${name} was lost; made anew`,
        );
        diagnostics.groupLost(name, this.broker.group, 'the group was lost');
      }
      if (isHealed) diagnostics.groupHealed(name, this.broker.group);
    } catch (error) {
      const { kind: of, reply, message, passing } = error as CommandFailure;
      // Full memory (OOM) is no fault of the stream. Reading and cleaning are what free memory.
      const isItsOwn = of === 'refused' && !passing && reply !== 'OOM';
      if (!strict && isItsOwn) this.breaks(stream, message);
      else throw new CommandFailure(of, reply, `stream ${name}: ${message}`, error);
    }
  }

  /** Redis refused something about this stream, perhaps because a key has the wrong type. */
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
    this.context.logger.error(`STREAM_UNREADABLE ${stream.name}`, line);
    this.context.diagnostics.groupLost(stream.name, this.broker.group, why);
  }

  private async look(): Promise<void> {
    const broken = this.broken;
    if (this.context.isUp) {
      await Promise.allSettled(broken.map((stream) => this.one(stream, false)));
    }
    if (this.looks.isStopped) return;
    if (broken.some(({ isBroken }) => !isBroken)) this.hooks.healed();
  }
}
