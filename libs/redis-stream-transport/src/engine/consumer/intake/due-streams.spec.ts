import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { DueStreams } from './due-streams.js';
import { StreamState } from './stream-state.js';

function setup(count = 3) {
  const clock = new FakeClock();
  const streams = Array.from({ length: count }, (_, i) => new StreamState(`s${i}`));
  const due = new DueStreams(new Map(streams.map((stream) => [stream.name, stream])), clock);
  const names = () => due.next()?.map(({ name }) => name);
  /** The first message, and the read of all that follows. */
  const proven = () => {
    due.changed([]);
    due.asked(streams);
  };
  return { clock, streams, due, names, proven };
}

describe('L24: streams that are due', () => {
  it('are not known before Redis has told once, and all of them are due then', () => {
    const { due, names } = setup();
    expect(names()).toBeUndefined();
    expect(due.sweepIn).toBeUndefined();
    due.changed(['s1']);
    expect(names()!.toSorted()).toEqual(['s0', 's1', 's2']);
  });

  it('are those that were written, until they are asked for', () => {
    const { due, names, proven, streams } = setup();
    proven();
    expect(names()).toEqual([]);
    expect(due.changed(['s2', 'of others', 's1', 's2'])).toBe(3);
    expect(names()).toEqual(['s2', 's1']);
    due.asked([streams[2]!]);
    expect(names()).toEqual(['s1']);
  });

  it('are due again when they are written after a read was sent, or when it brought all it asked for', () => {
    const { due, names, proven, streams } = setup();
    proven();
    due.changed(['s0', 's1']);
    due.asked(streams.slice(0, 2));
    due.changed(['s1']);
    due.filled(streams[0]!);
    expect(names()!.toSorted()).toEqual(['s0', 's1']);
  });

  it('are all of them once a second, and whenever something may not have been told', () => {
    const { due, names, proven, clock, streams } = setup();
    proven();
    clock.pass(999);
    expect(names()).toEqual([]);
    expect(due.sweepIn).toBe(1);
    clock.pass(1);
    expect(names()).toEqual(['s0', 's1', 's2']);
    due.asked(streams);
    expect(due.sweepIn).toBe(1000);
    due.changed(undefined);
    expect(names()).toHaveLength(3);
  });

  it('take turns in coming first with those that are read to be sure', () => {
    const { due, names, proven } = setup();
    proven();
    due.changed(['s2']);
    due.all();
    const first = new Set([names()![0], names()![0]]);
    expect(first).toEqual(new Set(['s0', 's2']));
  });

  it('are not known any more when the connection is lost', () => {
    const { due, names, proven } = setup();
    proven();
    due.lost();
    due.all();
    expect(names()).toBeUndefined();
    due.changed(['s0']);
    expect(names()).toHaveLength(3);
  });
});
