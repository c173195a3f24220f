import type { MessageHandler } from '@nestjs/microservices';
import type { ResolvedHandlerExtras } from '../options/index.js';

/** The handlers of a pattern, over all groups. */
export interface Entry {
  message: MessageHandler | undefined;
  readonly events: MessageHandler[];
  /** Another message handler had been there. */
  duplicated: boolean;
}

/** The extras of each handler. */
export type Extras = ReadonlyMap<MessageHandler, ResolvedHandlerExtras>;
