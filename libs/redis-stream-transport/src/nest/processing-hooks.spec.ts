import { between } from './processing-hooks.js';

const told: string[] = [];
const start = (begin: () => Promise<void>) => {
  told.push('start');
  return begin();
};
const end = () => void told.push('end');

beforeEach(() => told.splice(0));

it('calls the hook of the end once, when the run says that it has ended', async () => {
  await between(start, end, async (ended) => {
    told.push('run');
    ended();
    ended();
  });
  expect(told).toEqual(['start', 'run', 'end']);
});

it('calls it for a run that fails before, and passes the error to the first hook', async () => {
  const failing = between(start, end, async () => {
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(told).toEqual(['start', 'end']);
});

it('does not call it again for a run that fails after its end', async () => {
  const failing = between(start, end, async (ended) => {
    ended();
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(told).toEqual(['start', 'end']);
});
