import { describe, expect, it } from 'vitest';
import { answersOf, contactAnswers, expectedFiles } from './support/lead-cases.ts';

describe('a file as its program writes it', () => {
  it.each(Object.keys(expectedFiles))(
    '%s gives the people in it, and reaches nobody who said no',
    async (file) => {
      const answers = await answersOf(file);
      expect(answers.length).toBeGreaterThan(2);
      expect(answers.filter(({ right }) => !right)).toEqual([]);
    },
  );
});

describe('a cell as people fill it', () => {
  it('gives the contact in it, or a reason why there is none', () => {
    const answers = contactAnswers();
    expect(answers.length).toBeGreaterThan(80);
    expect(answers.filter(({ right }) => !right)).toEqual([]);
  });
});
