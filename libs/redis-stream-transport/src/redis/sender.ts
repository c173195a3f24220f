import { Command } from 'ioredis';
import type { Connection } from './connect.js';
import { toFailure } from './failure.js';
import type { Sender } from './operations/script.js';

/** Sends by a connection that no link has yet. Whoever uses it watches over the time that an answer takes. */
export const senderBy = (connection: Connection): Sender => ({
  async command(name, args) {
    try {
      return await connection.sendCommand(new Command(name, [...args], { replyEncoding: 'utf8' }));
    } catch (error) {
      throw toFailure(error);
    }
  },
});
