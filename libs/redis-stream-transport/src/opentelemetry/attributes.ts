// Names of the semantic conventions for messaging, version 1.45, and ours. The package of the conventions is not needed.

export const SYSTEM = 'messaging.system.name';
export const OPERATION_NAME = 'messaging.operation.name';
export const OPERATION_TYPE = 'messaging.operation.type';
export const DESTINATION = 'messaging.destination.name';
export const CONSUMER_GROUP = 'messaging.consumer.group.name';
export const CLIENT_ID = 'messaging.client.id';
/** Id of the entry in its stream; of a call of a pack with its place: `<id>#<place>`. */
export const MESSAGE_ID = 'messaging.message.id';
/** Id of the call: the same at the caller and at the service, and in the log of both. */
export const CONVERSATION_ID = 'messaging.message.conversation_id';
export const SERVER_ADDRESS = 'server.address';
export const SERVER_PORT = 'server.port';
export const ERROR_TYPE = 'error.type';

/** What {@link SYSTEM} says. Attributes of one system begin with its name. */
export const REDIS_STREAMS = 'redis_streams';
const OURS = REDIS_STREAMS;

/** What became of a run: `answered`, `handled`, `failed`, `refused`, `retried`, `dead` or `left`. */
export const RESULT = `${OURS}.result`;
/** Of a call that the transport ended: `not-run` or `may-have-run`. */
export const OUTCOME = `${OURS}.outcome`;
/** How often the entry was handed to an instance, this time included. Over 1 after an owner's death. */
export const DELIVERIES = `${OURS}.deliveries`;
/** Attempts of the entry that failed before. */
export const FAILED_ATTEMPTS = `${OURS}.failed_attempts`;
/** The instance that answered. */
export const INSTANCE = `${OURS}.instance`;
/** Replies to a call, the last one included. */
export const REPLIES = `${OURS}.replies`;
/** Of a dead letter. */
export const REASON = `${OURS}.reason`;
export const DETAIL = `${OURS}.detail`;
/** Of a link: `first_attempt`, `message` (the span that sent it) or `answer` (the run that answered). */
export const LINK = `${OURS}.link`;

/** Names of the events of spans. */
export const EVENT = {
  value: 'value',
  settle: 'settle',
  abort: 'abort',
  cancel: 'cancel',
  deadLetter: 'dead_letter',
  exception: 'exception',
} as const;
