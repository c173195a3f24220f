import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { Identity } from './identity.js';

const LEASE = 9000;

function identity() {
  const clock = new FakeClock();
  return { clock, identity: new Identity(clock, LEASE) };
}

describe('the identity of a process in a shard', () => {
  it('lets handlers start only while a confirmed lease certainly holds', () => {
    const { clock, identity: me } = identity();
    expect(me.mayStart).toBe(false);
    me.confirm(clock.now());
    clock.jump(LEASE - 1);
    expect(me.mayStart).toBe(true);
    clock.jump(1);
    expect(me.mayStart).toBe(false);
    me.confirm(clock.now());
    me.invalidate();
    expect(me.mayStart).toBe(false);
  });

  it('passes on doubts about the lease, whichever part has them', () => {
    const { identity: me } = identity();
    const heard: string[] = [];
    me.whenDoubted((kind) => heard.push(kind));
    me.doubt('missing');
    me.doubt('fenced');
    expect(heard).toEqual(['missing', 'fenced']);
  });

  it('takes a name that was never used, without a lease, and tells all that registered, in order', () => {
    const { clock, identity: me } = identity();
    me.confirm(clock.now());
    const { owner, generation } = me;
    const told: unknown[] = [];
    me.whenReplaced(() => told.push(['first', me.consumer, me.mayStart]));
    me.whenReplaced(() => told.push('second'));
    me.replace();
    expect(me.owner).not.toBe(owner);
    expect(me.consumer).not.toBe(owner.consumer);
    expect(me.owner.token).not.toBe(owner.token);
    expect(me.generation).toBe(generation + 1);
    expect(told).toEqual([['first', me.consumer, false], 'second']);
  });
});
