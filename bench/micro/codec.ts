// The wire: headers, entries and frames.
import {
  decodeEntry,
  decodeFrame,
  encodeFrame,
  encodeReply,
  REPLY,
  requestHeader,
} from 'nestjs-redis-streams/protocol';
import { payload } from '../harness/payloads.js';
import type { Pieces } from './pieces.js';

const CALLER = 'AAAAAAAAAAAAAAAAAAAAAA';
const MAX_PAYLOAD = 1_048_576;
const FRAME = 64;

export function codecPieces(): Pieces {
  const data = JSON.stringify(payload('100B'));
  const header = () =>
    requestHeader({
      codec: 'json',
      call: '123456',
      caller: CALLER,
      timeout: 30_000,
      idle: 0,
      once: false,
      depth: 0,
    });
  const entry = { id: '1700000000000-0', fields: ['c', header(), 'd', data] };
  const reply = (call: number) =>
    encodeReply({
      call: String(call),
      kind: REPLY.last,
      deliveries: 1,
      nonce: 7,
      index: 0,
      payload: data,
      headers: undefined,
    });
  const frame = () =>
    encodeFrame('instance', Array.from({ length: FRAME }, (_, call) => reply(call)).join(','));
  const text = frame();
  return {
    'header of a request': header,
    'entry, decoded': () => decodeEntry(entry, MAX_PAYLOAD),
    'frame of 64 replies, encoded': frame,
    'frame of 64 replies, decoded': () => decodeFrame(text),
  };
}
