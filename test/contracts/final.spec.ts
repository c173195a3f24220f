import { type CanActivate, Controller, UseGuards } from '@nestjs/common';
import { lastValueFrom } from 'rxjs';
import {
  Command,
  Contract,
  type ContractHandlers,
  Implements,
  remote,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { failure, serve } from './support.js';

@Contract({ name: 'final', version: '1.0.0' })
abstract class FinalContract {
  @Command() run(n: number): Command<number> {
    return remote(n);
  }
}

let attempts = 0;
class Count implements CanActivate {
  canActivate(): boolean {
    attempts++;
    return true;
  }
}

@Controller()
@UseGuards(Count)
@Implements(FinalContract, { extras: { run: { retry: { attempts: 3, delay: 1 } } } })
class FinalController implements ContractHandlers<FinalContract> {
  run(n: number): number {
    if (n === 0) throw new Error('try again');
    return n;
  }
}

test('M7 a violation is never retried, an error of the handler is', async () => {
  const { proxy } = await serve({ controllers: [FinalController] });
  attempts = 0;
  const refused = await failure(lastValueFrom(proxy.send('final.run', ['text'])));
  expect(refused).toMatchObject({ code: 'VALIDATION' });
  expect(attempts).toBe(1);
  const failed = await failure(lastValueFrom(proxy.send('final.run', [0])));
  expect(failed).toMatchObject({ message: 'try again' });
  expect(attempts).toBe(4);
});
