import { randomUUID } from 'node:crypto';
import { ClientKafka, type KafkaOptions, Transport } from '@nestjs/microservices';
import { createTopics, lacking, provide } from './drivers.js';
import { startKafka } from './kafka.js';
import { JsonAnswers, jsonAnswers } from './kafka-values.js';
import type { OpenTransport, Place, TransportUnderTest } from './place.js';

type Options = NonNullable<KafkaOptions['options']>;

export const kafka: TransportUnderTest = {
  name: 'kafka',
  missing: lacking(['java', 'mvn'], ['kafkajs']),
  patience: 300_000,
  open: async (): Promise<OpenTransport> => {
    await provide('kafkajs');
    const { address, stop } = await startKafka();
    const place = async (topics: readonly string[], exact: boolean): Promise<Place> => {
      await createTopics(address, topics);
      const id = randomUUID();
      const options = (name: string): Options => ({
        client: { brokers: [address], clientId: name, logLevel: 0 },
        consumer: {
          groupId: `${name}-${id}`,
          // Milliseconds that a look may wait for something to come, and that closing waits for it. Default: 5,000.
          maxWaitTimeInMs: 100,
          // After which an instance that says nothing is dead; no less is permitted. Default: 30,000.
          sessionTimeout: 6_000,
          heartbeatInterval: 1_000,
          retry: { initialRetryTime: 100, retries: 5 },
        },
        // What is sent at once may come before the first look of a new group.
        subscribe: { fromBeginning: true },
      });
      return {
        server: (service) => ({
          transport: Transport.KAFKA,
          options: { ...options(service), ...(exact && { serializer: jsonAnswers }) },
        }),
        client: (service, requests) => {
          const client = new ClientKafka({
            ...options(`${service}-caller`),
            ...(exact && { deserializer: new JsonAnswers() }),
          });
          for (const pattern of requests) client.subscribeToResponseOf(pattern);
          return client;
        },
      };
    };
    return {
      close: stop,
      drivers: ['kafkajs'],
      place: (topics) => place(topics, false),
      exact: (topics) => place(topics, true),
    };
  },
};
