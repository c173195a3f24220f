export { msgpack, type MsgpackCodec } from './msgpack.js';
