import { Redis, type ClusterOptions } from 'ioredis';
import type { NodeAddress } from '../../options/index.js';
import { Attempt } from '../connections/attempt.js';
import { destroyConnection, MORTAL, RESP2 } from '../connect.js';
import { deadline } from '../pauses.js';
import { readView, type NodeView } from './node-view.js';
import { toNode } from './nodes.js';

/** Milliseconds for which a connection to a node is kept for the next question. */
const KEPT = 2000;

/**
 * Asks one node what it knows of its Cluster, on a connection of its own. That is kept for two seconds: while a master
 * is down its slots are asked for many times, and connections cost far more than questions.
 */
export class NodeQuestions {
  private kept: Redis | undefined;
  private cancel: () => void = () => undefined;

  constructor(private readonly address: NodeAddress) {}

  /**
   * Resolves within `timeout` milliseconds. Rejects with the error of Redis if it refused, else with why there is no
   * answer.
   *
   * @param options those of the connection to each node
   */
  async ask(options: ClusterOptions['redisOptions'], timeout: number): Promise<NodeView> {
    const { kept } = this;
    this.kept = undefined;
    this.cancel();
    if (kept?.status === 'ready') {
      const limit = deadline(timeout, 'no answer');
      try {
        const view = await Promise.race([question(kept, this.address), limit.promise]);
        this.keep(kept);
        return view;
      } catch {
        // It is asked on a new connection: this one may have been cut, or its user may be another one by now.
        destroyConnection(kept);
      } finally {
        limit.cancel();
      }
    }
    return this.askAnew(options, timeout);
  }

  private async askAnew(
    options: ClusterOptions['redisOptions'],
    timeout: number,
  ): Promise<NodeView> {
    const connection = new Redis({
      ...toNode(options, this.address),
      connectTimeout: timeout,
      enableReadyCheck: false,
      ...MORTAL,
      ...RESP2,
    });
    const spoken = connection.options.tls ? ' by TLS' : '';
    const limit = deadline(timeout, `no answer${spoken} within ${timeout} ms`);
    // It knows why a connection failed; `connect` itself only says that it is closed.
    const attempt = new Attempt(connection);
    let refusal: Error | undefined;
    connection.on('error', (error: Error) => {
      if (isReply(error)) refusal ??= error;
    });
    try {
      const view = await Promise.race([ask(connection, this.address), limit.promise]);
      this.keep(connection);
      return view;
    } catch (error) {
      attempt.destroy();
      throw isReply(error) ? error : (refusal ?? attempt.told ?? error);
    } finally {
      limit.cancel();
    }
  }

  /** It must not hold up the end of the process. */
  private keep(connection: Redis): void {
    if (this.kept !== undefined) destroyConnection(this.kept);
    this.kept = connection;
    connection.stream.unref();
    const timer = setTimeout(() => {
      this.kept = undefined;
      destroyConnection(connection);
    }, KEPT).unref();
    this.cancel = () => clearTimeout(timer);
  }
}

async function ask(connection: Redis, address: NodeAddress): Promise<NodeView> {
  await connection.connect();
  return question(connection, address);
}

async function question(connection: Redis, address: NodeAddress): Promise<NodeView> {
  const lines = connection.call('CLUSTER', 'NODES').catch(() => undefined);
  const slots = await connection.call('CLUSTER', 'SLOTS');
  return readView(slots, await lines, address);
}

/** Whether Redis itself said no. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}
