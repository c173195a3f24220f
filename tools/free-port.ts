export { freePort } from '../libs/redis-stream-transport/src/testing/redis-server/free-port.js';
