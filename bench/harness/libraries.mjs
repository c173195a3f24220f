// Packages that are not this folder's own.
import { createRequire } from 'node:module';

const ofTheTransport = createRequire(import.meta.resolve('nestjs-redis-streams'));

/**
 * The ioredis that Nest and the transport run on. The one in this folder is moleculer's and BullMQ's:
 * an older one, with which they are somewhat faster.
 * @type {typeof import('ioredis')}
 */
export const ioredis = ofTheTransport('ioredis');

export const versionOf = (/** @type {string} */ name) =>
  /** @type {string} */ (ofTheTransport(`${name}/package.json`).version);
