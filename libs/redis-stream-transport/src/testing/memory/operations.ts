import { hello, helloWhenFull, layout, rights } from './arrival.js';
import { enqueueOne } from './calling/enqueue-one.js';
import { enqueue } from './calling/enqueue.js';
import { entryHeads, findCall } from './calling/entry-heads.js';
import { decide, reAsk } from './calling/fates.js';
import { abort, attach, closeNumber } from './calling/notices.js';
import { clean, sweep } from './cleaning/clean.js';
import { describeService, lookAtService, servicesOffered } from './directory.js';
import { dropGroup, ensureGroup, unlist } from './groups/groups.js';
import { announce, facts } from './lease/announce.js';
import { release, revoke } from './lease/end.js';
import { notedConnections } from './lease/noted-connections.js';
import { leases, pauses, renew } from './lease/renew.js';
import { replay } from './letters.js';
import type { Operation } from './operation.js';
import { claim } from './recovery/claim.js';
import { adopt, fetchHeld, orphans, scan, snapshot } from './recovery/held.js';
import { endInterrupted, interrupted } from './recovery/interrupted.js';
import { promote, withdraw } from './scheduling/waiting.js';
import { admit } from './serving/admit.js';
import { claimKeys } from './serving/claim-keys.js';
import { deadLetter, settleChecked } from './serving/ending.js';
import { nested } from './serving/nested.js';
import { readWaiting } from './serving/read-waiting.js';
import { retry } from './serving/retry.js';
import { settlePlain } from './serving/settle-plain.js';
import { settle } from './serving/settle.js';
import { look, mark, start } from './serving/starts.js';
import { noHandler, refuseUnread } from './serving/unhandled.js';
import {
  announceWildcards,
  answeredWildcards,
  answerers,
  claimStream,
  knownStreams,
  noteLooked,
  rememberStreams,
  retireStream,
  unknownStreams,
  withdrawWildcards,
} from './wildcards.js';

/** Everything that a store can do. In Redis each of them is one script. */
export const OPERATIONS: readonly Operation[] = [
  ...[hello, helloWhenFull, layout, rights],
  ...[enqueue, enqueueOne, closeNumber, attach, abort, decide, reAsk],
  ...[entryHeads, findCall],
  ...[settle, settlePlain, settleChecked, deadLetter, retry, look, start, mark, claimKeys, admit],
  ...[nested, readWaiting, noHandler, refuseUnread],
  ...[renew, leases, pauses, announce, facts, release, revoke, notedConnections],
  ...[ensureGroup, unlist, dropGroup],
  ...[claim, adopt, fetchHeld, orphans, scan, snapshot, interrupted, endInterrupted],
  ...[clean, sweep],
  ...[promote, withdraw],
  ...[announceWildcards, withdrawWildcards, answeredWildcards, answerers],
  ...[knownStreams, unknownStreams, rememberStreams, noteLooked, claimStream, retireStream],
  ...[replay, describeService, lookAtService, servicesOffered],
];
