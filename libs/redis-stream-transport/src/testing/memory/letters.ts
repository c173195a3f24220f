import { replayScript } from '../../dead-letters/replay.lua.js';
import { backlogOf } from './calling/backlog.js';
import { makeKnown } from './known.js';
import { operation } from './operation.js';

/** Moves a dead letter back into a stream. */
export const replay = operation(replayScript, (store, said) => {
  const note = store.text(said.replayed);
  if (note !== undefined) return `ok ${note}`;
  if (store.entry(said.dead, said.letter) === undefined) return 'gone';
  const stream = store.stream(said.stream);
  if (stream !== undefined && backlogOf(stream) >= Number(said.cap)) return 'full';
  const id = store.add(said.stream, said.fields);
  store.setText(said.replayed, id, Number(said.life));
  store.stream(said.dead)?.delete(said.letter);
  if (said.name !== '') makeKnown(store, said.streams, said.name);
  return `ok ${id}`;
});
