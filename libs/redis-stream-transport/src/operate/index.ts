export {
  isDrained,
  leftIn,
  type Backlog,
  type GroupBacklog,
  type StreamBacklog,
} from './backlog.js';
export { readBacklog, readDeadLetters } from './read-backlog.js';
export { readShards } from './place.js';
