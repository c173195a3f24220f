// What each consumer of the package serves. It is compiled as ESM and as CommonJS, by several versions of TypeScript.
import { Controller, Module } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { IsEmail, IsInt, Min } from 'class-validator';
import { type RedisStreamsContext, RetryLater } from 'nestjs-redis-streams';
import {
  Command,
  Contract,
  type ContractHandlers,
  ContractsModule,
  Implements,
  remote,
  Streamed,
} from 'nestjs-redis-streams/contracts';
import { type Observable, range } from 'rxjs';

export class Booking {
  @IsEmail() email!: string;
  @IsInt() @Min(1) seats!: number;
}

@Contract({ name: 'theatre', version: '1.0.0' })
export abstract class TheatreContract {
  @Command() book(booking: Booking): Command<string> {
    return remote(booking);
  }

  @Streamed() shows(month: number): Streamed<Date> {
    return remote(month);
  }
}

@Controller()
@Implements(TheatreContract)
export class TheatreController implements ContractHandlers<TheatreContract> {
  book({ email, seats }: Booking): string {
    return `${seats} for ${email}`;
  }

  async *shows(month: number): AsyncGenerator<Date> {
    for (const day of [1, 2]) yield new Date(Date.UTC(2026, month - 1, day));
  }
}

/** What happened to events, in order. */
export const noted: string[] = [];

@Controller()
export class MathsController {
  @MessagePattern('maths.sum')
  sum(@Payload() numbers: number[]): number {
    return numbers.reduce((total, each) => total + each, 0);
  }

  @MessagePattern('maths.count')
  count(@Payload() upTo: number): Observable<number> {
    return range(1, upTo);
  }

  @MessagePattern('maths.fail')
  fail(@Payload() message: string): number {
    throw new Error(message);
  }

  @EventPattern<string>('maths.solved')
  solved(@Payload() { by }: { by: string }, @Ctx() context: RedisStreamsContext): void {
    const attempt = context.getFailedAttempts();
    noted.push(`${by} ${attempt}`);
    // The first failure is an error of the application, the second one an instruction.
    if (attempt === 0) throw new Error('not yet');
    if (attempt === 1) throw new RetryLater(1);
  }

  @EventPattern<string>('maths.lost')
  lost(@Payload() { by }: { by: string }): void {
    throw new Error(`${by} is lost`);
  }
}

@Module({
  imports: [ContractsModule.forServer([TheatreContract])],
  controllers: [MathsController, TheatreController],
})
export class TheatreModule {}
