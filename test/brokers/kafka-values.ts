// kafka-values.ts
import { KafkaResponseDeserializer, type IncomingResponse } from '@nestjs/microservices';

/** For servers: answers travel as JSON, so that numbers stay numbers. */
export const jsonAnswers = {
  serialize: (data: unknown) => ({ value: JSON.stringify({ data }), headers: {} }),
};

/** For clients. */
export class JsonAnswers extends KafkaResponseDeserializer {
  override deserialize(message: unknown): IncomingResponse {
    const answer = super.deserialize(message);
    const held = answer.response as { data?: unknown } | null;
    return { ...answer, response: held?.data };
  }
}
