import { LeaseBroker } from '../../libs/redis-stream-transport/src/redis/lease-broker.js';
import type { Owner } from '../../libs/redis-stream-transport/src/redis/owner.js';
import type { Dice, Step } from './dice.js';
import type { Side } from './side.js';

const LIFE = 600_000;
const TERMS = { ttl: LIFE, groupTtl: LIFE, came: undefined };
const ANOTHER: Owner = { consumer: 'another', token: 'another' };

/** Leases of a group that reads nothing. */
const others = ({ link, keys }: Side): LeaseBroker => new LeaseBroker(link, keys, 'other');

/** An operation about wildcards. What it answers of times is left out. */
export function wildcardStep(dice: Dice, own: Owner, stream: string): Step {
  const text = dice.pick(['*', 'p*', 'prices*']);
  const answers = dice.next() < 0.7;
  const wildcards = [{ text, answers }];
  const until = dice.pick([1, 9e15]);
  const wanted = {
    ...{ name: stream, texts: [text], listens: dice.next() < 0.5, groupTtl: LIFE, ttl: LIFE },
    again: dice.pick([undefined, 'look', 'anew'] as const),
    announcement: answers ? { pattern: stream, once: false, wild: true } : undefined,
  };
  const steps: Record<string, Step> = {
    announce: async ({ leases }) => (await leases.announceWildcards(own, wildcards, TERMS)).kind,
    otherAnnounces: async (side) => {
      await others(side).renew(ANOTHER, { ttl: LIFE, take: true });
      const { kind, ...said } = await others(side).announceWildcards(ANOTHER, wildcards, TERMS);
      return [kind, 'isNew' in said && said.isNew];
    },
    withdraw: ({ leases }) => leases.withdrawWildcards(own, wildcards, LIFE),
    known: async ({ leases }) =>
      (await leases.knownStreams({ time: 0, after: '' }, 100)).names.toSorted(),
    unknown: ({ leases }) => leases.unknownStreams(text, ['prices', 'places', 'none']),
    remember: ({ leases }) => leases.rememberStreams([stream]),
    looked: ({ leases }) => leases.noteLooked(until, [text]),
    otherLooked: (side) => others(side).noteLooked(until, [text]),
    claim: async ({ leases }) => {
      const { kind, ...said } = await leases.claimStream(own, wanted);
      return [kind, 'to' in said && said.to];
    },
    otherClaims: async (side) => {
      const { kind, ...said } = await others(side).claimStream(ANOTHER, wanted);
      return [kind, 'to' in said && said.to];
    },
    group: async ({ group }) =>
      (await group.ensureGroup(stream, 'e', false, { from: '1-0' })).state,
    retire: ({ leases }) => leases.retireStream(own, stream, -LIFE),
    answerers: async ({ caller }) => {
      const by = await caller.answeredWildcards(100);
      return [by, await caller.answerers([{ pattern: stream, by }])];
    },
  };
  return steps[dice.pick(Object.keys(steps))] as Step;
}
