import type { Logger } from '@nestjs/common';
import type * as Transport from 'nestjs-redis-streams';

/** What the bundle of a build exports; see kit/bundle.ts. */
export type Library = typeof Transport & { readonly Logger: typeof Logger };
