// The wire between a process of the fleet and the run: questions come in, answers and news go out.

const handlers = new Map();

process.on('message', ({ question, kind, ...rest }) => void answer(question, kind, rest));

async function answer(question, kind, rest) {
  const found = await handlers.get(kind)?.(rest);
  if (question !== undefined && process.connected) process.send({ question, answer: found });
}

// Whatever becomes of the run, none of its processes stays.
process.once('disconnect', () => process.exit());

export function on(kind, handler) {
  handlers.set(kind, handler);
}

export function tell(kind, rest = {}) {
  if (process.connected) process.send({ kind, ...rest });
}

/** What the run gave this process to begin with. */
export const given = JSON.parse(process.argv[2]);
