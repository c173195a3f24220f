import { settlePlainScript } from '../../../redis/operations/serving/settle-plain.js';
import { settleScript } from '../../../redis/operations/serving/settle.js';
import { fenced } from '../fence.js';
import { operation } from '../operation.js';
import { answer } from '../replies.js';
import { end } from './settle.js';

/** Settles requests of one stream that have nothing but a reply each. */
export const settlePlain = operation(
  settlePlainScript,
  (store, said, { keys, args }) => {
    const lost = fenced(store, said);
    if (lost !== undefined) return lost;
    const logs = keys.slice(settlePlainScript.keys.length);
    const frames = args.slice(settlePlainScript.args.length);
    const ids = frames.splice(logs.length);
    const { life, stream, group } = said;
    for (const [i, log] of logs.entries())
      answer(store, { log, frame: frames[i] as string, life, livesOn: true });
    end(store, stream, group, ids);
    return 'ok';
  },
  settleScript.name,
);
