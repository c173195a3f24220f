import { broadcastGroup, broadcasterOf } from './broadcast-group.js';

const consumer = 'web1-4711-x8Kd02mPq7Zt';

describe('the group of a broadcast', () => {
  it('is known by its service, and by no other', () => {
    const group = broadcastGroup('orders', consumer);
    expect(broadcasterOf('orders', group)).toBe(consumer);
    for (const other of ['order', 'orders~v2', 'orders{', 'shop', 'Orders']) {
      expect(broadcasterOf(other, group)).toBeUndefined();
    }
  });

  it('is nothing that a service can be called', () => {
    for (const service of ['orders', 'orders~v2', 'orders~', 'orders-2', 'ordersv2']) {
      expect(broadcasterOf('orders', service)).toBeUndefined();
    }
  });

  it('of an earlier version is known by the form of its consumer', () => {
    expect(broadcasterOf('orders', `orders~${consumer}`)).toBe(consumer);
    expect(broadcasterOf('orders~v2', `orders~v2~${consumer}`)).toBe(consumer);
    expect(broadcasterOf('orders', `orders~v2~${consumer}`)).toBeUndefined();
  });
});
