import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as incubating from '@opentelemetry/semantic-conventions/incubating';
import * as names from '../../libs/redis-stream-transport/src/opentelemetry/attributes.js';

/** Names that the conventions have, by ours. */
const CONVENTIONS = {
  SYSTEM: incubating.ATTR_MESSAGING_SYSTEM_NAME,
  OPERATION_NAME: incubating.ATTR_MESSAGING_OPERATION_NAME,
  OPERATION_TYPE: incubating.ATTR_MESSAGING_OPERATION_TYPE,
  DESTINATION: incubating.ATTR_MESSAGING_DESTINATION_NAME,
  CONSUMER_GROUP: incubating.ATTR_MESSAGING_CONSUMER_GROUP_NAME,
  CLIENT_ID: incubating.ATTR_MESSAGING_CLIENT_ID,
  MESSAGE_ID: incubating.ATTR_MESSAGING_MESSAGE_ID,
  CONVERSATION_ID: incubating.ATTR_MESSAGING_MESSAGE_CONVERSATION_ID,
  SERVER_ADDRESS: incubating.ATTR_SERVER_ADDRESS,
  SERVER_PORT: incubating.ATTR_SERVER_PORT,
  ERROR_TYPE: incubating.ATTR_ERROR_TYPE,
};

it('attributes have the names of the conventions in version 1.45, or say whose they are', () => {
  // The package does not export its package.json.
  const entry = createRequire(import.meta.url).resolve('@opentelemetry/semantic-conventions');
  const manifest = readFileSync(join(dirname(entry), '..', 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  expect(version).toMatch(/^1\.45\./);
  const { REDIS_STREAMS, EVENT: _, ...attributes } = names;
  const ours = Object.entries(attributes).filter(([name]) => !Object.hasOwn(CONVENTIONS, name));
  expect(attributes).toMatchObject(CONVENTIONS);
  for (const [, text] of ours) {
    expect(text).toMatch(new RegExp(`^${REDIS_STREAMS}\\.[a-z_]+$`));
  }
});

it('types of operations are those of the conventions', () => {
  expect(incubating.MESSAGING_OPERATION_TYPE_VALUE_SEND).toBe('send');
  expect(incubating.MESSAGING_OPERATION_TYPE_VALUE_PROCESS).toBe('process');
});
