import { CallerBroker } from '../../../libs/redis-stream-transport/src/redis/caller-broker.js';
import { eventually } from '../../../tools/wait.js';
import { Gate } from '../../support/gate.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

/** Holds back the answers of `enqueue`, as a busy process does, and counts the questions about fates. */
function overtaking() {
  const verdicts = new Gate();
  const { enqueue } = CallerBroker.prototype;
  const held = vi.spyOn(CallerBroker.prototype, 'enqueue').mockImplementation(async function (
    this: CallerBroker,
    batch,
  ) {
    const answer = await enqueue.call(this, batch);
    await verdicts.opened;
    return answer;
  });
  const asked = vi.spyOn(CallerBroker.prototype, 'decide');
  onTestFinished(() => {
    held.mockRestore();
    asked.mockRestore();
  });
  return { verdicts, asked, held };
}

describe('when its reply comes before the verdict on its batch', () => {
  it('a call that is answered asks Redis nothing more', async () => {
    const service = new TestService();
    await service.serve({
      messages: {
        work: (n: number) => n,
        bad: () => {
          throw new Error('bad');
        },
      },
    });
    const client = await service.connected();
    const { verdicts, asked, held } = overtaking();
    expect(await Promise.all(range(100).map((n) => client.call('work', n)))).toEqual(range(100));
    await client.failure('bad');
    verdicts.open();
    await eventually(() =>
      expect(held.mock.settledResults.every(({ type }) => type === 'fulfilled')).toBe(true),
    );
    // The verdicts are in; one more call behind them.
    expect(await client.call('work', 1)).toBe(1);
    expect(asked).not.toHaveBeenCalled();
  });

  it('a call that was given up is withdrawn when its entry is known', async () => {
    const service = new TestService();
    const client = await service.connected({ whenNoConsumer: 'wait' });
    const { verdicts, asked } = overtaking();
    const call = client.send('nobody', 1).subscribe();
    await eventually(async () => expect(await service.length('nobody')).toBe(1));
    call.unsubscribe();
    expect(asked).not.toHaveBeenCalled();
    verdicts.open();
    await eventually(async () => expect(await service.length('nobody')).toBe(0));
    expect(asked).toHaveBeenCalledTimes(1);
  });
});
