/** What stands for the result of a handler that never ran: the signal of its message had fired before. */
export class NeverRan extends Error {
  constructor() {
    super('nobody waited any more before the handler ran');
  }
}
