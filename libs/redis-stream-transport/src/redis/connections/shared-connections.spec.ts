import { EventEmitter } from 'node:events';
import { Attempt } from './attempt.js';
import type { Connection } from '../connect.js';
import { SharedConnections, type OpenConnection, type Opening } from './shared-connections.js';

class FakeConnection extends EventEmitter {
  disconnect(): void {
    this.emit('end');
  }
}

function setup() {
  const shared = new SharedConnections();
  const openings: { open(): void; fail(): void; aborted: boolean }[] = [];
  const make = (): Opening => {
    let resolve: (made: OpenConnection) => void = () => undefined;
    let reject: (error: Error) => void = () => undefined;
    const opened = new Promise<OpenConnection>((...both) => ([resolve, reject] = both));
    const opening = {
      aborted: false,
      open: () => {
        const connection = new FakeConnection() as unknown as Connection;
        resolve({ attempt: new Attempt(connection), runId: undefined });
      },
      fail: () => reject(new Error('no route')),
    };
    openings.push(opening);
    const abort = (): void => {
      opening.aborted = true;
      opening.fail();
    };
    return { opened, abort };
  };
  const take = () => shared.take('commands', make);
  const both = async () => {
    const [one, other] = [take(), take()];
    openings.at(-1)!.open();
    return [await one.part, await other.part] as const;
  };
  return { shared, openings, make, take, both };
}

const isOver = async ({ ended }: { ended: Promise<void> }): Promise<boolean> =>
  await Promise.race([ended.then(() => true), new Promise<false>((r) => setImmediate(r, false))]);

describe('a shared connection', () => {
  it('is made once for all who come meanwhile and later', async () => {
    const { openings, both, take } = setup();
    const [one, other] = await both();
    const late = await take().part;
    expect(openings).toHaveLength(1);
    expect(new Set([one, other, late].map(({ connection }) => connection)).size).toBe(1);
  });

  it('is another one under another name', async () => {
    const { shared, make, openings, both } = setup();
    await both();
    void shared.take('subscriber', make);
    expect(openings).toHaveLength(2);
  });

  it('ends for one who leaves, and for nobody else; with the last it ends', async () => {
    const { both } = setup();
    const [one, other] = await both();
    one.leave();
    expect(await isOver(one)).toBe(true);
    expect(await isOver(other)).toBe(false);
    const { ended } = other.attempt;
    other.leave();
    expect(await isOver({ ended })).toBe(true);
  });

  it.each(['it ends by itself', 'one ends it'])('ends for all when %s', async (how) => {
    const { both, take, openings } = setup();
    const [one, other] = await both();
    if (how === 'one ends it') one.destroy();
    else one.connection.disconnect();
    // Before anybody has heard of the end, nobody new gets a part.
    void take();
    expect(openings).toHaveLength(how === 'one ends it' ? 2 : 1);
    expect(await isOver(one)).toBe(true);
    expect(await isOver(other)).toBe(true);
    void take();
    expect(openings).toHaveLength(2);
  });

  it('takes nobody new when it is retired, and goes on for the others', async () => {
    const { both, take, openings } = setup();
    const [one, other] = await both();
    one.retire();
    one.leave();
    void take();
    expect(openings).toHaveLength(2);
    expect(await isOver(other)).toBe(false);
  });

  it('is tried anew after it could not be made', async () => {
    const { take, openings } = setup();
    const { part } = take();
    openings[0]!.fail();
    await expect(part).rejects.toThrow('no route');
    void take();
    expect(openings).toHaveLength(2);
  });

  it('is given up when nobody waits for it any more, and not before', async () => {
    const { take, openings } = setup();
    const [one, other] = [take(), take()];
    one.cancel();
    expect(openings[0]!.aborted).toBe(false);
    other.cancel();
    expect(openings[0]!.aborted).toBe(true);
    await expect(other.part).rejects.toThrow();
  });

  it('ends when it was made for one who did not wait', async () => {
    const { take, openings } = setup();
    const [one, other] = [take(), take()];
    one.cancel();
    openings[0]!.open();
    const part = await other.part;
    expect(await isOver(part)).toBe(false);
    const { ended } = part.attempt;
    part.leave();
    expect(await isOver({ ended })).toBe(true);
  });
});
