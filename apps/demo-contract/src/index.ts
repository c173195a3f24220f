import { IsDate, IsInt, IsNotEmpty, IsPositive, IsString, Max } from 'class-validator';
import { Command, Contract, remote, Streamed } from 'nestjs-redis-streams/contracts';

export class StockLine {
  @IsString()
  @IsNotEmpty()
  article: string;

  @IsInt()
  @IsPositive()
  @Max(1000)
  quantity: number;
}

/** Results are not validated; the rules describe them to generated clients. */
export class Withdrawal {
  @IsString()
  instance: string;

  @IsInt()
  left: number;

  @IsDate()
  at: Date;
}

/** Arrives at callers as this class. */
export class OutOfStock extends Error {
  readonly code = 'OUT_OF_STOCK';

  constructor(readonly details: { readonly left: number }) {
    super(`only ${details.left} are left`);
  }
}

/** The stock as the service keeps it and as its callers see it: both import this class. */
@Contract({ name: 'stock', version: '1.0.0', errors: [OutOfStock] })
export abstract class StockContract {
  @Command({ doc: 'Takes an article from the shelf.', returns: () => Withdrawal })
  take(line: StockLine): Command<Withdrawal> {
    return remote(line);
  }

  @Streamed({ doc: 'What is left, one look after another.', returns: () => Number, optional: 1 })
  watch(article: string, looks: number = 3): Streamed<number> {
    return remote(article, looks);
  }
}
