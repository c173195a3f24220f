import type { Logger } from '@nestjs/common';
import type { sealed, SealedOptions } from 'nestjs-redis-streams/sealed';
import type { inThread } from 'nestjs-redis-streams/threads';
import type * as Transport from 'nestjs-redis-streams';

/** What the bundle of a build exports; see kit/bundle.ts. */
export type Library = typeof Transport & {
  readonly Logger: typeof Logger;
  readonly sealed: typeof sealed;
  readonly inThread: typeof inThread;
};

/** What a process is given to seal with; undefined: it does not. */
export type Sealing = SealedOptions | undefined;
