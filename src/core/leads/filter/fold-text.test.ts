import { expect, it } from 'vitest';
import fc from '../../../../test/support/property.ts';
import { foldText } from './fold-text.ts';

it.each([
  ['NÚÑEZ', 'nunez'],
  ['Nu\u0301n\u0303ez', 'nunez'],
  ['İstanbul', 'istanbul'],
  ['Straße', 'strasse'],
  ['Øre', 'ore'],
  ['ΟΔΥΣΣΕΥΣ', 'οδυσσευσ'],
  ['Йод', 'иод'],
])('%s is folded to %s', (text, folded) => {
  expect(foldText(text)).toBe(folded);
});

it('letter by letter gives what the whole text gives', () => {
  // What stands behind it is neither Latin, Greek nor Cyrillic: then the text is folded as a whole.
  const letters = fc.string({
    unit: fc.integer({ min: 0x20, max: 0x4ff }).map((code) => String.fromCharCode(code)),
  });
  fc.assert(
    fc.property(letters, (text) => {
      expect(foldText(text)).toBe(foldText(`${text}中`).slice(0, -1));
    }),
    { numRuns: 2_000 },
  );
});
