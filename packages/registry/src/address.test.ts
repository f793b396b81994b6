import { expect, it } from 'vitest';
import { classifyAddress, isLoopbackHost, mayLeadTo } from './address.ts';

it.each(['localhost', 'localhost:5000', '127.0.0.1', '127.0.0.1:5000', '127.255.0.1', '[::1]', '[::1]:5000'])(
  'isLoopbackHost() takes %s',
  (host) => {
    expect(isLoopbackHost(host)).toBe(true);
  },
);

it.each([
  'localhost.evil.com',
  'evil.localhost',
  '127.0.0.1.evil',
  '127.1',
  '127.0.0.256',
  '127.00.0.1',
  '2130706433',
  '0177.0.0.1',
  '10.0.0.1',
  '[::2]',
  'localhost:5000/x',
])('isLoopbackHost() does not take %s', (host) => {
  expect(isLoopbackHost(host)).toBe(false);
});

it.each([
  ['8.8.8.8', 'public'],
  ['2001:4860:4860::8888', 'public'],
  ['10.1.2.3', 'private'],
  ['172.31.0.1', 'private'],
  ['172.32.0.1', 'public'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'private'],
  ['fd12::1', 'private'],
  ['127.9.9.9', 'loopback'],
  ['::1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:10.0.0.1', 'private'],
  ['169.254.169.254', 'reserved'],
  ['fd00:ec2::254', 'reserved'],
  ['fe80::1', 'reserved'],
  ['0.0.0.0', 'reserved'],
  ['::', 'reserved'],
  ['255.255.255.255', 'reserved'],
])('classifyAddress() calls %s %s', (address, expected) => {
  expect(classifyAddress(address)).toBe(expected);
});

it('mayLeadTo() lets no registry lead further inside than it lives', () => {
  expect(mayLeadTo('public', 'private')).toBe(false);
  expect(mayLeadTo('private', 'private')).toBe(true);
  expect(mayLeadTo('private', 'loopback')).toBe(false);
  expect(mayLeadTo('loopback', 'private')).toBe(true);
  expect(mayLeadTo('loopback', 'reserved')).toBe(false);
  expect(mayLeadTo('reserved', 'reserved')).toBe(false);
});
