import { expect, test } from 'vitest';
import { isPrivateHost } from './private-host.ts';

test.each([
  ...[
    '127.0.0.1',
    '127.9.9.9',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '0.0.0.0',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
  ],
  ...[
    '[::1]',
    '[::]',
    '[fd12::1]',
    '[fe80::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:c0a8:101]',
    '[64:ff9b::7f00:1]',
    '[::127.0.0.1]',
    '[fec0::1]',
    '[ff02::1]',
  ],
  ...['localhost', 'LOCALHOST', 'a.localhost'],
])('%s is of this machine or its network', (host) => {
  expect(isPrivateHost(host)).toBe(true);
});

test.each([
  '8.8.8.8',
  '172.32.0.1',
  '192.169.0.1',
  '[2001:4860:4860::8888]',
  '[::ffff:808:808]',
  '[64:ff9b::808:808]',
  '223.255.255.255',
  'nowhere.invalid',
])('%s is not', (host) => {
  expect(isPrivateHost(host)).toBe(false);
});
