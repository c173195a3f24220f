import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { encodeFrame } from '../../../protocol/frame.js';
import type { CallerBroker } from '../../../redis/caller-broker.js';
import { ReplyReader } from './reply-reader.js';

const frame = (call: string): string => encodeFrame('instance', `["${call}",1,1,1,0]`);

/** A reader of an empty log whose subscription stands, and the calls whose replies it handed on. */
async function reading() {
  const heard: string[] = [];
  const broker = {
    lastRecord: () => Promise.resolve(undefined),
    readLog: () => Promise.resolve([]),
  } as unknown as CallerBroker;
  const reader = new ReplyReader(broker, new FakeClock(), {
    frame: ({ replies }) => heard.push(...replies.map(([call]) => call)),
    lost: () => {},
    ignored: () => heard.push('ignored'),
    complain: (message) => heard.push(message),
  });
  reader.resumed();
  await reader.catchUp();
  return { reader, heard };
}

describe('what cannot be read', () => {
  it.each(['', 'x', '1', '5-0 2 x []', '5-0 1 x nonsense', '0-0 ', '5-0 1 x [[7]]'])(
    'makes the log prove nothing of the calls before it: %j',
    async (text) => {
      const { reader, heard } = await reading();
      expect(reader.mayHaveMissed(0)).toBe(false);
      reader.message(text);
      expect(heard).toContain('ignored');
      expect(reader.mayHaveMissed(0)).toBe(true);
      expect(reader.mayHaveMissed(Number.MAX_VALUE)).toBe(false);
    },
  );

  it('moves the cursor to no id that is none', async () => {
    const { reader, heard } = await reading();
    reader.message(`5-0 ${frame('a')}`);
    for (const id of ['0-0', 'x-y', '-', '6-', '99999999999999999999-0'])
      reader.message(`${id} ${frame('b')}`);
    expect(heard).toEqual(['a', 'b', 'b', 'b', 'b', 'b']);
    expect(reader.isLagging('5-0')).toBe(false);
    expect(reader.isLagging('5-1')).toBe(true);
  });
});

describe('pushed frames', () => {
  it('come with their id, or behind it', async () => {
    const { reader, heard } = await reading();
    reader.message(`5-0 ${frame('a')}`);
    reader.message('6-0');
    expect(heard).toEqual(['a']);
    reader.message(frame('b'));
    expect(heard).toEqual(['a', 'b']);
    expect(reader.isComplete(Infinity, '6-0')).toBe(true);
    expect(reader.isComplete(Infinity, '6-1')).toBe(false);
  });

  it('are left to the log when their id did not come', async () => {
    const { reader, heard } = await reading();
    reader.message(frame('a'));
    reader.message('5-0');
    reader.interrupted();
    reader.resumed();
    reader.message(frame('b'));
    expect(heard).toEqual([]);
  });

  it('take no id but the one directly before them', async () => {
    const { reader, heard } = await reading();
    reader.message('5-0');
    reader.message(`6-0 ${frame('a')}`);
    reader.message(frame('b'));
    expect(heard).toEqual(['a']);
  });
});

describe('a log that the settling instance had to make', () => {
  /** A reader of a log that holds what it is told, and what it says. */
  function of(log: { id: string; frame: string; birth: boolean }[], born?: string) {
    const said: string[] = [];
    const broker = {
      attach: () => Promise.resolve(born),
      lastRecord: () => Promise.resolve(log.at(-1)?.id),
      readLog: (after: string) => Promise.resolve(log.filter(({ id }) => id > after)),
    } as unknown as CallerBroker;
    const reader = new ReplyReader(broker, new FakeClock(), {
      frame: () => said.push('frame'),
      lost: () => said.push('lost'),
      ignored: () => {},
      complain: (message) => said.push(message),
    });
    reader.resumed();
    return { reader, said, log };
  }
  const record = (id: string, birth = false) => ({ id, frame: frame('a'), birth });

  it('was not lost when there was none before, as against a fresh Redis', async () => {
    const { reader, said } = of([record('5-0', true), record('6-0')]);
    await reader.catchUp();
    await reader.catchUp();
    expect(said).toEqual(['frame', 'frame']);
  });

  it('was not lost when the client had just found it', async () => {
    const { reader, said } = of([record('5-0', true)], undefined);
    reader.attach();
    await reader.catchUp();
    expect(said).toEqual(['frame']);
  });

  it('was lost when the client had made one', async () => {
    const { reader, said } = of([record('5-0', true)], '4-0');
    reader.attach();
    await reader.catchUp();
    expect(said).toEqual(['lost', 'frame']);
  });

  it('was lost when records of another were read, or pushed', async () => {
    for (const pushed of [true, false]) {
      const { reader, said, log } = of(pushed ? [] : [record('5-0', true)]);
      await reader.catchUp();
      if (pushed) reader.message(`5-0 ${frame('a')}`);
      log.splice(0, log.length, record('6-0', true));
      await reader.catchUp();
      expect(said).toEqual(['frame', 'lost', 'frame']);
    }
  });
});
