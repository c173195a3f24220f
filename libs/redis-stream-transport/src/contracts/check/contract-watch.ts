import { Logger } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { jittered, systemClock } from '../../engine/clock.js';
import { Periodic } from '../../engine/periodic.js';
import { RedisStreamsError } from '../../errors.js';
import { visibleLines } from '../../protocol/visible.js';
import type { ServiceDirectory } from '../directory/service-directory.js';
import { ContractError } from '../declare/contract-error.js';
import { definitionOf, type ContractClass } from '../declare/definition.js';
import { checkOutcome, type CheckMode, type CheckOutcome } from '../schema/check-outcome.js';
import { compareContracts, type ContractComparison } from '../schema/compare-contracts.js';
import { contractSchema, type ContractSchema } from '../schema/contract-schema.js';
import { FirstResult } from './first-result.js';
import { readSchema, servedContracts, type ServedContract } from './served-contracts.js';
import { thrownText } from '../../thrown.js';

/** First pause between two looks while no server is there, in milliseconds; it doubles. */
const SHORTEST_PAUSE = 1000;
/** Pause between two looks otherwise, and the longest in any case. */
const LONGEST_PAUSE = 30_000;

/**
 * Compares the contract of a client with those that are served: whenever the client connects, and from time
 * to time as long as it is connected, since servers come and go. One small question to Redis each time; the
 * schema is read once for each form of the contract.
 */
export class ContractWatch {
  /** Why calls are refused now. */
  refusal: ContractError | undefined;
  private readonly logger = new Logger('Contracts');
  private readonly name: string;
  private own: Promise<ContractSchema> | undefined;
  private comparisons = new Map<string, ContractComparison>();
  private told = '';
  private connected = false;
  /** The pause after the next look, before chance changes it. Milliseconds. */
  private pause = SHORTEST_PAUSE;
  /** Milliseconds until the next look. */
  private wait = 0;
  private readonly looks = new Periodic(systemClock, {
    wait: () => (this.connected ? this.wait : undefined),
    run: () => this.look(),
  });
  private readonly first = new FirstResult();
  /** Why there is no result yet. */
  private obstacle: unknown;

  constructor(
    private readonly contract: ContractClass,
    private readonly proxy: ClientProxy,
    private readonly directory: ServiceDirectory,
    readonly mode: CheckMode,
  ) {
    this.name = definitionOf(contract).prefix;
    this.looks.start();
    proxy.status.subscribe((status: string) => {
      this.connected = status === 'connected' || status === 'partial';
      this.pause = SHORTEST_PAUSE;
      this.wait = 0;
      this.looks.again();
    });
  }

  /**
   * Connects, and resolves when the contracts were compared once, or after 2 s.
   * @throws ContractError INCOMPATIBLE: they do not fit, and this client or a server insists that they do
   */
  async begin(): Promise<void> {
    await this.compared();
    if (this.refusal !== undefined) throw this.refusal;
  }

  /**
   * Before each call. One of a strict client waits until there was a result once, or no server was found, and
   * is refused if there is none after 2 s: what may not fit is not sent.
   * @throws ContractError INCOMPATIBLE, also if the contracts cannot be compared; RedisStreamsError
   * NOT_CONNECTED, REDIS, OVERLOADED
   */
  admit(): Promise<void> | undefined {
    if (this.refusal !== undefined) throw this.refusal;
    return this.mode === 'strict' && !this.first.isThere ? this.admitLater() : undefined;
  }

  private async admitLater(): Promise<void> {
    if (!(await this.compared())) throw this.uncompared();
    if (this.refusal !== undefined) throw this.refusal;
  }

  private async compared(): Promise<boolean> {
    this.proxy.connect().catch(() => undefined);
    const isThere = await this.first.wait();
    if (!isThere) this.tell(this.obstacleText());
    return isThere;
  }

  private uncompared(): Error {
    const { obstacle } = this;
    const told = `${this.obstacleText()}; nothing was sent`;
    const known = RedisStreamsError.isRedisStreamsError(obstacle);
    if (obstacle !== undefined && !known) return new ContractError('INCOMPATIBLE', told);
    return new RedisStreamsError(obstacle?.code ?? 'NOT_CONNECTED', told, { cause: obstacle });
  }

  private obstacleText(): string {
    if (this.obstacle === undefined) return `${this.name}: ${UNREACHED}`;
    return `${this.name}: cannot be compared with its servers: ${thrownText(this.obstacle)}`;
  }

  private async look(): Promise<void> {
    let isThere = false;
    try {
      const { instances, forms } = await servedContracts(this.directory, this.name);
      isThere = instances > 0;
      await this.judge(forms, isThere);
      this.first.arrived();
    } catch (error) {
      this.obstacle = error;
      this.tell(this.obstacleText());
    }
    if (isThere) this.pause = LONGEST_PAUSE;
    // Its calls wait for it, two seconds each.
    if (this.mode === 'strict' && !this.first.isThere) this.pause = SHORTEST_PAUSE;
    // Clients that were started together should not ask together.
    this.wait = jittered(systemClock, this.pause, 0.2);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  private async judge(forms: readonly ServedContract[], isThere: boolean): Promise<void> {
    const compared = new Map<string, ContractComparison>();
    const outcomes: CheckOutcome[] = [];
    for (const form of forms) {
      const comparison = this.comparisons.get(form.hash) ?? (await this.compare(form));
      compared.set(form.hash, comparison);
      outcomes.push(checkOutcome(this.mode, comparison, form.force));
    }
    this.comparisons = compared;
    if (!isThere) {
      const { action, lines } = checkOutcome(this.mode, undefined);
      outcomes.push({ action, lines: lines.map((line) => `${this.name}: ${line}`) });
    }
    const failed = outcomes.filter(({ action }) => action === 'fail');
    const reasons = failed.flatMap(({ lines }) => lines).join('\n');
    this.refusal = reasons === '' ? undefined : new ContractError('INCOMPATIBLE', reasons);
    this.tell(outcomes.flatMap(({ lines }) => lines).join('\n'), failed.length > 0);
  }

  private async compare(form: ServedContract): Promise<ContractComparison> {
    const own = await (this.own ??= contractSchema(this.contract));
    if (own.hash === form.hash) return compareContracts(own, own);
    const served = await readSchema(this.directory, form.document);
    if (typeof served === 'string') {
      throw new Error(`the schema of ${form.version} is ${served}`);
    }
    return compareContracts(own, served);
  }

  /** Logs what differs from what was logged last. */
  private tell(said: string, failed = false): void {
    const text = visibleLines(said);
    if (text === this.told) return;
    const fits = `${this.name}: fits its servers now`;
    if (text === '') this.logger.log(fits, { code: 'CONTRACT_FITS' });
    else if (failed) this.logger.error(text, { code: 'CONTRACT_DRIFT' });
    else this.logger.warn(text, { code: 'CONTRACT_DRIFT' });
    this.told = text;
  }
}

const UNREACHED = 'not compared with its servers yet, Redis was not reached';
