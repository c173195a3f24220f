import { ValidationPipe } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import type { ValidationError } from 'class-validator';

/** Rejects data that violates a constraint, and tells the caller which one. */
export const validation = new ValidationPipe({
  transform: true,
  whitelist: true,
  exceptionFactory: (errors) =>
    new RpcException({
      status: 'error',
      code: 'VALIDATION',
      message: 'The payload breaks its constraints',
      constraints: errors.flatMap((error) => violations(error)),
    }),
});

function violations({ property, constraints, children }: ValidationError, path = ''): string[] {
  const messages = Object.values(constraints ?? {}).map((message) => `${path}${message}`);
  const nested = (children ?? []).flatMap((child) => violations(child, `${path}${property}.`));
  return [...messages, ...nested];
}
