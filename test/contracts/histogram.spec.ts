import fc from 'fast-check';
import { Histogram, quantile } from '../../libs/redis-stream-transport/src/protocol/durations.js';

test('a quantile is right to ten per cent, and independent of the order', () => {
  const durations = fc.array(fc.double({ min: 0.01, max: 1e6, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(durations, fc.constantFrom(0.5, 0.99), (values, share) => {
      const histogram = new Histogram();
      for (const value of values) histogram.record(value);
      const sorted = values.toSorted((one, other) => one - other);
      const exact = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
      expect(quantile(histogram.buckets, share)! / exact).toBeGreaterThan(0.89);
      expect(quantile(histogram.buckets, share)! / exact).toBeLessThan(1.11);
      expect(quantile(histogram.buckets.toReversed(), share)).toBe(
        quantile(histogram.buckets, share),
      );
    }),
  );
});

test('there is none of nothing, and none that is too short or too long to be counted', () => {
  expect(quantile([], 0.5)).toBeUndefined();
  const histogram = new Histogram();
  for (const value of [0, -1, 1e-9, 1e12]) histogram.record(value);
  expect(histogram.buckets).toEqual([
    [0, 3],
    [127, 1],
  ]);
});
