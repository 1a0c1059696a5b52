import { expect, it } from 'vitest';
import { familyName, greetingName, inOrder } from './person-name.ts';

it.each([
  ['María José', 'María José García López', 'García López', 'María José', 'García López'],
  [null, 'Smith, John', null, 'John', 'Smith'],
  [null, 'Dr. Ana López', null, 'Ana', 'López'],
  [null, 'Mr', null, null, null],
  ['Mr.', 'Mr. Lee', null, 'Lee', null],
  [null, 'ana@example.com', null, null, null],
  [null, '+1 415 555 0112', null, null, null],
  [null, '🎉 Pati 🎉', null, 'Pati', null],
  [null, 'Fernández', 'Fernández', null, 'Fernández'],
])('%j of %j (last: %j) is greeted as %j, and is of the family %j', (first, name, last, greeting, family) => {
  expect([greetingName(first, name, last), familyName(last, first, name)]).toEqual([greeting, family]);
});

it.each(['Acme, Inc.', 'John Smith, Jr.', 'Roe, Ann, Bob'])('%s is in its order', (name) => {
  expect(inOrder(name)).toBe(name);
});
