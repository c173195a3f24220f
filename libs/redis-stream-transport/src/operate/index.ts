export {
  isDrained,
  leftIn,
  type Backlog,
  type GroupBacklog,
  type StreamBacklog,
} from './backlog.js';
export { readBacklog } from './read-backlog.js';
