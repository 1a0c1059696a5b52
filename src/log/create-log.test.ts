import { expect, it } from 'vitest';
import { TidingsError } from '../errors.ts';
import { createLog } from './create-log.ts';

function lineOf(level: string): { err: Record<string, unknown> } {
  let line = '';
  const log = createLog(level, { write: (text) => (line = text) });
  const error = new TidingsError('storage', 'The disk is full.', {
    cause: new Error('database or disk is full'),
  });
  log.error({ err: error, to: 'ana@example.com' }, 'failed');
  return JSON.parse(line);
}

it('a fault is one line that says what, why and where, without a stack', () => {
  const { err } = lineOf('info');
  expect(err).toEqual({
    type: 'TidingsError',
    message: 'The disk is full.',
    code: 'storage',
    at: expect.stringMatching(/^src\/log\/create-log\.test\.ts:\d+$/),
    cause: 'database or disk is full',
  });
});

it('the stack is for LOG_LEVEL=debug', () => {
  expect(lineOf('debug').err['stack']).toContain('create-log.test.ts');
});
