import { expect, it } from 'vitest';
import { parseForwardTarget } from './forward-target.ts';

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const parse = (url: string | null, secret: string | null = SECRET) =>
  parseForwardTarget(url, secret, (host) => host === '127.0.0.1');

it('events go to an address that nobody else reads on the way, or nowhere', () => {
  expect(parse(null)).toBe(null);
  expect(parse('https://crm.example.com/x')).toEqual({ url: 'https://crm.example.com/x', secret: SECRET });
  expect(parse('http://127.0.0.1:9/x')).not.toBe(null);
});

it.each([
  'http://crm.example.com',
  'crm.example.com',
  'ftp://127.0.0.1',
  'https://user:pass@crm.example.com',
])('not to %s, and the refusal does not repeat a password', (url) => {
  expect(() => parse(url)).toThrow('EVENTS_FORWARD_URL');
  expect(() => parse(url)).not.toThrow('pass');
});

it.each([null, 'hunter2', 'whsec_', 'whsec_c2hvcnQ=', `whsec_${Buffer.alloc(80).toString('base64')}`])(
  'not without a secret worth the name: %s',
  (secret) => {
    expect(() => parse('https://crm.example.com', secret)).toThrow('EVENTS_FORWARD_SECRET');
    expect(() => parse('https://crm.example.com', secret)).not.toThrow('hunter2');
  },
);
