import {
  Inject,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { finalize, type Observable } from 'rxjs';
import { Journal } from './journal.js';
import type { OrderDto } from './order.dto.js';

/** Writes down each execution of a call before it begins, and when it is over. */
@Injectable()
export class JournalInterceptor implements NestInterceptor {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    // Interceptors come before pipes: nothing is validated yet.
    const id = context.switchToRpc().getData<Partial<OrderDto> | null>()?.id ?? 'unnamed';
    this.journal.record('started', id);
    return next.handle().pipe(finalize(() => this.journal.record('finished', id)));
  }
}
