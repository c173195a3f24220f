interface Row {
  readonly type: string;
  readonly bounds?: string;
  readonly default: unknown;
}
type Rows = Readonly<Record<string, Row>>;
type Reasons = Readonly<Record<string, string>>;

export interface DocumentedTables {
  server: Rows;
  client: Rows;
  extras: Rows;
  record: Rows;
  retry: Rows;
  retention: Rows;
  target: Rows;
  ioredis: {
    passed: readonly string[];
    refused: Reasons;
    passedCluster: readonly string[];
    refusedCluster: Reasons;
  };
  codes: Readonly<Record<string, { readonly meaning: string; readonly retryable: boolean }>>;
}

/** Every printed page: its absolute path and the text that belongs there. */
export function printPages(tables: DocumentedTables): Promise<{ path: string; text: string }[]>;
