import { parseRedisUrl } from './redis-url.js';

const parse = (url: unknown) => parseRedisUrl(url, { owner: 'Server' });

it.each([
  ['redis://localhost', { host: 'localhost' }],
  ['redis://cache:6380/3', { host: 'cache', port: 6380, db: 3 }],
  [
    'redis://me:p%40ss@cache:6380/',
    { host: 'cache', port: 6380, username: 'me', password: 'p@ss' },
  ],
  ['redis://:50%off@cache', { host: 'cache', password: '50%off' }],
  ['rediss://cache', { host: 'cache', tls: {} }],
  ['REDISS://cache', { host: 'cache', tls: {} }],
  ['redis://[::1]:6380', { host: '::1', port: 6380 }],
  ['redis://cache?db=2&family=6', { host: 'cache', db: 2, family: 6 }],
  ['/run/redis.sock', { path: '/run/redis.sock' }],
])('reads %s', (url, address) => {
  expect(parse(url)).toEqual(address);
});

it.each([
  [undefined, /it must be a text/],
  [6379, /it must be a text/],
  ['', /another scheme/],
  ['cache:6379', /another scheme, or none/],
  ['//cache', /another scheme/],
  ['http://cache', /another scheme/],
  ['redis://cache:port', /percent-encoded/],
  ['redis://cache/first', /database number/],
  ['redis://cache/1/2', /database number/],
  ['redis://cache/1?db=2', /query part "db"/],
  ['redis://cache?tls=yes', /query part "tls"/],
])('refuses %s', (url, message) => {
  expect(() => parse(url)).toThrow(message);
});

it('never repeats the password', () => {
  for (const url of ['http://:secret@host', 'redis://:secret@host/x', 'redis://:secret@host:x']) {
    expect(() => parse(url)).toThrow(/^(?!.*secret)/);
  }
});
