import { ownTurn } from './turns.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

it('each gets a turn of its own, in order, and others come between', async () => {
  const came: string[] = [];
  const waiting = ['a', 'b', 'c'].map((name) => ownTurn().then(() => came.push(name)));
  for (let i = 0; i < 4; i++) {
    await turn();
    came.push('-');
  }
  await Promise.all(waiting);
  expect(came.join('')).toMatch(/^-?a-+b-+c/);
});

it('is there again after all have had theirs', async () => {
  await ownTurn();
  await expect(ownTurn()).resolves.toBeUndefined();
});
