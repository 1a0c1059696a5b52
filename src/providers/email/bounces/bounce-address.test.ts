import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import fc from '../../../../test/support/property.ts';
import { BounceAddresses, findBounceToken } from './bounce-address.ts';

const OURS = new BounceAddresses(randomBytes(32), 'bounces.shop.example');
const DELIVERY = '0199a1c2111170008000000000000001.1z';
const ADDRESS = OURS.of(`${DELIVERY}.3`);

test('an address holds its delivery and attempt, and fits before an @', () => {
  expect(ADDRESS).toMatch(/^b-[a-z2-7]+@bounces\.shop\.example$/);
  expect(ADDRESS.indexOf('@')).toBeLessThanOrEqual(64);
  expect(findBounceToken(ADDRESS)).toMatchObject({ deliveryId: DELIVERY, attempt: 3 });
  expect(OURS.proves(findBounceToken(ADDRESS)!)).toBe(true);
});

test('any delivery comes back as it was', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.nat(),
      fc.integer({ min: 1, max: 65_535 }),
      (send, position, attempt) => {
        const id = `${Buffer.from(send).toString('hex')}.${position.toString(36)}`;
        const token = findBounceToken(OURS.of(`${id}.${attempt}`))!;
        expect(token).toMatchObject({ deliveryId: id, attempt });
        expect(OURS.proves(token)).toBe(true);
      },
    ),
  );
});

test('it is found in capitals, and where relays wrap it', () => {
  const [local, domain] = ADDRESS.split('@');
  for (const wrapped of [
    ADDRESS.toUpperCase(),
    `SRS0=abcd=ef=${domain}=${local}@forwarder.example`,
    `prvs=1234567890=${ADDRESS}`,
    `<${ADDRESS}>`,
    `btv1==123456789==${ADDRESS}`,
  ]) {
    const token = findBounceToken(wrapped);
    expect(token, wrapped).toMatchObject({ deliveryId: DELIVERY });
    expect(OURS.proves(token!), wrapped).toBe(true);
  }
});

test('nobody makes one without the key, nor changes one', () => {
  expect(new BounceAddresses(randomBytes(32), 'x').proves(findBounceToken(ADDRESS)!)).toBe(false);
  const token = findBounceToken(ADDRESS)!;
  expect(OURS.proves({ ...token, deliveryId: DELIVERY.replace('.1z', '.20') })).toBe(false);
  expect(OURS.proves({ ...token, attempt: 4 })).toBe(false);
  expect(OURS.proves({ ...token, proof: '0'.repeat(16) })).toBe(false);
});

test('the same attempt has the same address, whatever was made in between', () => {
  for (let at = 0; at < 300; at++) OURS.of(`${at.toString(16).padStart(32, '0')}.1.1`);
  expect(OURS.of(`${DELIVERY}.3`)).toBe(ADDRESS);
});

test('other addresses hold none', () => {
  for (const other of [
    '',
    'b-abc@x.example',
    `b-${'a'.repeat(52)}@x.example`,
    `ab-${ADDRESS.slice(2)}`,
    `${ADDRESS.split('@')[0]}a@x`,
  ]) {
    expect(findBounceToken(other), other).toBeNull();
  }
});
