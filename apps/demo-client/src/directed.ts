import type { Load } from './load.js';
import type { Tour } from './tour.js';

/** The demo asks over IPC, each question with a number that comes back with the answer. */
interface Question {
  number: number;
  ask: 'tour' | 'start' | 'progress' | 'finish';
}

const overdueMs = 1_000;

/** Does what the demo asks for, until it has seen enough. */
export function followDirections(tour: Tour, load: Load, concurrency: number): Promise<void> {
  let finishing = false;
  let running: Promise<void> = Promise.resolve();
  return new Promise((resolve, reject) => {
    const answer = async ({ ask }: Question): Promise<object> => {
      switch (ask) {
        case 'tour':
          return { stops: await collect(tour.stops()) };
        case 'start':
          running = load.run(concurrency, () => !finishing);
          running.catch(reject);
          return {};
        case 'progress':
          return progress(load);
        case 'finish':
          finishing = true;
          await running;
          return load.tally.summary();
      }
    };
    process.on('message', (question: Question) => {
      const { number, ask } = question;
      answer(question)
        .then((body) => process.send?.({ number, ...body }))
        .then(() => ask === 'finish' && resolve(), reject);
    });
  });
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const collected: string[] = [];
  for await (const line of lines) collected.push(line);
  return collected;
}

function progress(load: Load) {
  const waiting = load.waiting();
  const now = Date.now();
  return {
    sent: load.tally.sent,
    perInstance: load.tally.perInstance(),
    overdue: waiting.filter((sentAt) => now - sentAt > overdueMs).length,
    oldestSentAt: waiting.length > 0 ? Math.min(...waiting) : now,
  };
}
