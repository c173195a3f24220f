const CONSUMER = /^(.*)-[\w-]{12}$/s;

/** Host and process id in the name of a consumer; other names stand for themselves. */
export const processOf = (consumer: string): string => CONSUMER.exec(consumer)?.[1] ?? consumer;
