import { Controller } from '@nestjs/common';
import { ArrayMaxSize, IsArray, IsInt } from 'class-validator';
import {
  Arg,
  Command,
  Contract,
  contractClient,
  type ContractHandlers,
  generic,
  Implements,
  remote,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { TagDto } from './files.contract.js';
import { failure, serve } from './support.js';

class Page<T> {
  @IsInt() total!: number;
  @IsArray() @ArrayMaxSize(2) items!: T[];
  next?: Page<T>;
}

const page = () => generic(Page, { items: [TagDto], next: generic(Page, { items: [TagDto] }) });

@Contract({ name: 'pages', version: '1.0.0' })
abstract class PagesContract {
  @Command({ returns: page }) put(@Arg(page) given: Page<TagDto>): Command<Page<TagDto>> {
    return remote(given);
  }
}

const seen: Page<TagDto>[] = [];

@Controller()
@Implements(PagesContract)
class PagesController implements ContractHandlers<PagesContract> {
  put(given: Page<TagDto>): Page<TagDto> {
    seen.push(given);
    return given;
  }
}

test('a generic class is checked and made with its arguments', async () => {
  const { proxy } = await serve({ controllers: [PagesController] });
  const client = contractClient(PagesContract, proxy);
  const next = { total: 0, items: [{ name: 'b' }] };
  const answer = await client.put({ total: 1, items: [{ name: 'a' }], next });
  for (const one of [answer, seen[0]!]) {
    expect(one).toBeInstanceOf(Page);
    expect(one.items[0]).toBeInstanceOf(TagDto);
    expect(one.next).toBeInstanceOf(Page);
    expect(one.next!.items[0]).toBeInstanceOf(TagDto);
  }
});

test.each([
  [{ total: 1, items: [{ name: 'a' }, { name: 5 }] }, 'given.items[1].name'],
  [{ total: 1, items: [1] }, 'given.items[0]'],
  [{ total: 1, items: {} }, 'given.items'],
  [{ total: 'x', items: [] }, 'given.total'],
  [{ total: 1, items: [], next: { total: 1, items: [{ name: '' }] } }, 'given.next.items[0].name'],
])('%j is refused at %s', async (given, property) => {
  const { proxy } = await serve({ controllers: [PagesController] });
  const error = await failure(contractClient(PagesContract, proxy).put(given as never));
  expect(error).toMatchObject({ code: 'VALIDATION' });
  expect(
    (error as { details: { property: string }[] }).details.map((one) => one.property),
  ).toContain(property);
});
