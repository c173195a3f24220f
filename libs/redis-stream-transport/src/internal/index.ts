/**
 * For libraries around the transport. No promise of semantic versioning: any release may change it, so pin the
 * exact version (docs/internal.md). Keys and their shards are in the entry `./protocol`.
 */

// Living with a server or a client.
export { accompany, clientShard, type ClientShard } from './attach.js';
export type {
  CompanionFactory,
  LeaseCompanion,
  LeaseHost,
} from '../engine/consumer/membership/companion.js';
export { HANDLER_HOOK, type HandlerHook } from '../nest/handler-hook.js';
export type { Owner } from '../redis/owner.js';

// Connections of its own.
export { Link } from '../redis/link.js';
export type {
  ConnectionKeeper,
  LeadingLink,
  LinkHooks,
  LinkObserver,
  LinkSettings,
} from '../redis/link-settings.js';
export { slotOwner, type ServerFinder } from '../redis/cluster/slot-owner.js';
export type { NodeAddress } from '../options/index.js';
export type { Connection } from '../redis/connect.js';
export { CommandFailure, type FailureKind } from '../redis/failure.js';
export { connectionNames, thisProcess } from '../redis/connection-name.js';

// Operations of its own.
export { defineScript, run as runScript, type Script } from '../redis/operations/script.js';
export type {
  Definition as ScriptDefinition,
  Each as ScriptEach,
  Given as ScriptGiven,
  Named as ScriptNamed,
  Names as ScriptNames,
  Sender as ScriptSender,
  Value as ScriptValue,
} from '../redis/operations/script.js';

// Options as the floors above see them.
export {
  resolveClientOptions,
  resolveServerOptions,
  type ResolvedClientOptions,
  type ResolvedServerOptions,
} from '../options/index.js';
export type { RedisTarget } from '../options/redis-options.js';
export type { Replicas } from '../options/replicas.js';
export type { ResolvedWindow, Window } from '../options/window.js';
export type { CLIENT_TABLE } from '../options/client-options.js';
export type { SERVER_TABLE } from '../options/server-options.js';
export type { Option, OptionTable, OptionValues, Place } from '../options/option.js';
