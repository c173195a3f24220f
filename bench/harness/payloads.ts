// The same data for every peer: an object of six fields with 100 bytes of JSON, or an array of it.

const record = {
  id: 12_345,
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  active: true,
  score: 98.6,
  city: 'Ulm',
};

export type PayloadName = '100B' | '10KiB' | '100KiB';

const bytes: Readonly<Record<PayloadName, number>> = {
  '100B': 100,
  '10KiB': 10_240,
  '100KiB': 102_400,
};

export function payload(name: PayloadName) {
  if (name === '100B') return record;
  const each = JSON.stringify(record).length + 1;
  return Array.from({ length: Math.floor(bytes[name] / each) }, (_, index) => ({
    ...record,
    // Five digits, so that all are equally long.
    id: 10_000 + index,
  }));
}
