import type { Span, SpanContext } from '@opentelemetry/api';
import type { RunWatch } from '../engine/consumer/run/run-watch.js';
import type { AbortReason, EntryResult } from '../engine/diagnostics/messages.js';
import type { RedisStreamsErrorCode } from '../errors.js';
import { thrownText } from '../thrown.js';
import * as A from './attributes.js';
import type { Headers } from './carrier.js';
import { originText } from './origin.js';
import { end, failedWith, thrown, typeOf } from './span-ends.js';

/** The span of a run that is recorded: from the start of the handler to the end of the attempt. */
export class RunSpan implements RunWatch {
  private over = false;
  private isAborted = false;
  /** What was thrown first. */
  private error: { readonly type: string; readonly text: string } | undefined;

  constructor(
    private readonly span: Span,
    private readonly first: SpanContext,
    readonly replyHeaders: Headers,
  ) {}

  get origin(): string {
    return originText(this.first);
  }

  /** Its handler is told to stop. */
  aborted(reason: AbortReason): void {
    if (this.over || this.isAborted) return;
    this.isAborted = true;
    this.span.addEvent(A.EVENT.abort, { [A.REASON]: reason });
  }

  threw(error: unknown): void {
    // A handler may go on when its entry has ended without it.
    if (this.over) return;
    thrown(this.span, error);
    this.error ??= { type: typeOf(error), text: thrownText(error) };
  }

  dead(reason: string, detail: string): void {
    this.span.addEvent(A.EVENT.deadLetter, { [A.REASON]: reason, [A.DETAIL]: detail });
    this.error ??= { type: 'DEAD_LETTERED', text: detail };
  }

  ended(result: EntryResult, code: RedisStreamsErrorCode | undefined): void {
    const { span, error } = this;
    this.over = true;
    span.setAttribute(A.RESULT, result);
    if (code !== undefined) failedWith(span, code, error?.text);
    else if (error !== undefined) failedWith(span, error.type, error.text);
    // What is left is not settled: another instance does that.
    if (result !== 'left') span.addEvent(A.EVENT.settle, { [A.RESULT]: result });
    end(span);
  }
}
