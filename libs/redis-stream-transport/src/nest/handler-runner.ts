import type { AsyncResource } from 'node:async_hooks';
import type { MessageHandler } from '@nestjs/microservices';
import type { Delivery } from '../engine/consumer/run/delivery.js';
import { aboutEntry, lineOf, patternOf } from '../engine/consumer/settle/entry-lines.js';
import { runInScope, scopesEnabled } from '../engine/deadline-scope.js';
import type { DiagnosticsSource } from '../engine/diagnostics/messages.js';
import { microtask } from '../engine/microtask.js';
import type { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import type { ResolvedServerOptions } from '../options/index.js';
import { openerOf, sealerOf, type Opener } from '../options/sealing.js';
import { thrownStory, thrownText } from '../thrown.js';
import { readData, type Hand } from './entry-data.js';
import { EventInvoker } from './event-invoker.js';
import type { PatternHandlers } from './handler-registry.js';
import { instrumentation } from './instrumentation.js';
import { noteHeaders } from './passed-headers.js';
import { RedisStreamsContext, type ContextSource } from './redis-streams.context.js';
import { readSealed } from './sealed-entry.js';
import { RequestInvoker } from './request-invoker.js';
import { SizeBound } from './size-bound.js';

/** Runs something with an application's processing hooks around it; may return a promise of its end. */
export type AroundRun = (
  context: RedisStreamsContext,
  run: (ended: () => void) => Promise<void>,
) => unknown;

/** Where the handlers of a server run. */
export interface RunFrame {
  /** The asynchronous context that handlers begin in: the one in which the server was made. */
  readonly origin: AsyncResource;
  /** The processing hooks; undefined while the application has set none. */
  around: AroundRun | undefined;
}

/** What a runner works with. */
export interface HandlerRunnerParts {
  readonly options: ResolvedServerOptions;
  readonly handlers: ReadonlyMap<string, PatternHandlers>;
  readonly source: ContextSource;
  readonly logger: RateLimitedLogger;
  /** Names the group in diagnostics. */
  readonly teller: DiagnosticsSource;
  readonly frame: RunFrame;
}

/** Takes a delivery from its data to the handlers that its pattern has in one group. */
export class HandlerRunner {
  private readonly requests: RequestInvoker;
  private readonly events: EventInvoker;
  /** Name of the codec that replies are written with, if it has one. */
  private readonly answersIn: string | undefined;
  private readonly origin: AsyncResource;
  private readonly source: ContextSource;
  private readonly logger: RateLimitedLogger;
  private readonly teller: DiagnosticsSource;
  /** Opens entries, where they are sealed. */
  private readonly opener: Opener | undefined;

  constructor(private readonly parts: HandlerRunnerParts) {
    const { source, logger } = parts;
    this.origin = parts.frame.origin;
    this.source = source;
    this.logger = logger;
    this.teller = parts.teller;
    const { serializer, maxReplyBytes, exposeStack } = parts.options;
    this.answersIn = serializer?.codec;
    this.opener = openerOf(parts.options.deserializer);
    const complain = (delivery: Delivery, message: string): void => {
      const line = aboutEntry(delivery, () => lineOf(delivery, message));
      logger.error(`HANDLER_FAULT ${patternOf(delivery)}`, line);
    };
    const replyBound = new SizeBound('the reply', 'maxReplyBytes', maxReplyBytes);
    this.requests = new RequestInvoker({
      ...{ serializer, replyBound, complain, exposeStack },
      sealing: sealerOf(serializer),
    });
    this.events = new EventInvoker({
      complain,
      another: (delivery, context) =>
        new RedisStreamsContext(delivery, source, context.getMetadata()),
    });
  }

  /**
   * A handler begins in a microtask of its own, and not in the context of the handler whose end freed
   * its slot: what that one or a hook put into `AsyncLocalStorage` must not reach it.
   */
  run(delivery: Delivery): void {
    const origin = instrumentation.current?.origin(this.origin) ?? this.origin;
    origin.runInAsyncScope(this.begin, undefined, delivery);
  }

  private readonly begin = (delivery: Delivery): void => {
    microtask(() => this.handle(delivery));
  };

  private readonly handle = (delivery: Delivery): void => {
    if (!scopesEnabled()) this.open(delivery);
    else runInScope(delivery, () => this.open(delivery));
  };

  private open(delivery: Delivery): void {
    if (this.opener !== undefined) {
      readSealed(delivery, this.opener, this.source.redisNow(), this.hand);
      return;
    }
    readData(delivery, this.parts.options.deserializer, this.answersIn, this.hand);
  }

  private readonly hand: Hand = (delivery, data, metadata) => {
    noteHeaders(delivery, metadata);
    const context = new RedisStreamsContext(delivery, this.source, metadata);
    const within = instrumentation.current?.run(this.teller, delivery, context);
    if (within === undefined) this.start(delivery, context, data);
    else within(() => this.start(delivery, context, data));
  };

  private start(delivery: Delivery, context: RedisStreamsContext, data: unknown): void {
    const { around } = this.parts.frame;
    if (around === undefined) void this.invoke(delivery, context, data);
    else void this.invokeHooked(delivery, context, data, around);
  }

  private async invokeHooked(
    delivery: Delivery,
    context: RedisStreamsContext,
    data: unknown,
    around: AroundRun,
  ): Promise<void> {
    try {
      await around(context, async (ended) => {
        await this.invoke(delivery, context, data);
        ended();
      });
    } catch (error) {
      // A hook that throws is the application's mistake. The entry must be settled all the same, and a handler
      // that the hook did not wait for is told.
      const line = (): string => lineOf(delivery, 'a processing hook failed');
      this.logger.error(
        `HOOK_FAILED ${patternOf(delivery)}`,
        aboutEntry(delivery, () => `${line()}: ${thrownStory(error)}`),
      );
      if (delivery.ended) return;
      this.failedAround(delivery, context, error);
      delivery.abort('cancelled');
    }
  }

  /** Ends an attempt that failed outside of its handlers: the entry is not at fault. */
  private failedAround(delivery: Delivery, context: RedisStreamsContext, error: unknown): void {
    delivery.watch?.threw(error);
    if (delivery.isRequest) this.requests.fail(delivery, context);
    else {
      const [detail, thrown] = [thrownText(error), { value: error }];
      delivery.retry({ delay: undefined, state: '', detail, error: undefined, thrown });
    }
  }

  private invoke(delivery: Delivery, context: RedisStreamsContext, data: unknown): Promise<void> {
    const { pattern, broadcast } = delivery.pattern.spec;
    const known = this.parts.handlers.get(pattern) as PatternHandlers;
    if (delivery.isRequest) {
      return this.requests.invoke(delivery, context, data, known.message as MessageHandler);
    }
    const events = broadcast ? known.broadcasts : known.events;
    // An event of a pattern without event handlers runs the message handler, whose reply goes nowhere.
    const declared = events.length > 0 || known.broadcasts.length > 0;
    const meant = !declared || delivery.entry.header.message;
    const handlers = meant && known.message !== undefined ? [known.message] : events;
    return this.events.invoke(delivery, context, data, handlers);
  }
}
