import { slotOf } from './slot.js';

it('is what the specification of Redis Cluster says', () => {
  // CRC-16/XMODEM of "123456789" is 0x31C3; "foo" and "bar" are from the documentation of CLUSTER KEYSLOT.
  expect(slotOf('123456789')).toBe(0x31c3 % 16_384);
  expect(slotOf('foo')).toBe(12_182);
  expect(slotOf('bar')).toBe(5061);
});

it('takes what is in the first braces, unless that is nothing', () => {
  expect(slotOf('{user1000}.following')).toBe(slotOf('user1000'));
  expect(slotOf('foo{}{bar}')).not.toBe(slotOf('bar'));
  expect(slotOf('foo{{bar}}zap')).toBe(slotOf('{bar'));
  expect(slotOf('foo{bar}{zap}')).toBe(slotOf('bar'));
  expect(slotOf('foo{bar')).not.toBe(slotOf('bar'));
});

it('counts bytes, not characters', () => {
  expect(slotOf('{ä}:s:x')).toBe(slotOf('ä'));
  expect(slotOf('ä')).not.toBe(slotOf('a'));
});
