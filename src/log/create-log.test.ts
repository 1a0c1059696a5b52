import { afterEach, describe, expect, it, vi } from 'vitest';
import { TidingsError } from '../errors.ts';
import { visible } from '../visible.ts';
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

describe('in a terminal', () => {
  function shown(fields: object, message: string): string {
    let line = '';
    createLog('info', { write: (text) => (line = text) }, 'text').info(fields, message);
    return line;
  }
  afterEach(() => vi.unstubAllEnvs());

  it('a line has the time, the level and words, and the rest behind them', () => {
    vi.stubEnv('NO_COLOR', '1');
    const line = shown({ url: 'http://127.0.0.1:3000', left: 2 }, 'ready');
    expect(line).toMatch(/^\d\d:\d\d:\d\d info {2}ready url=http:\/\/127\.0\.0\.1:3000 left=2\n$/);
  });

  it('a line is coloured, unless NO_COLOR or TERM=dumb say otherwise', () => {
    vi.stubEnv('NO_COLOR', '');
    vi.stubEnv('TERM', 'xterm');
    expect(shown({}, 'ready')).toContain('\u001b[32minfo');
    vi.stubEnv('TERM', 'dumb');
    expect(shown({}, 'ready')).not.toContain('\u001b');
  });

  it('nothing that strangers wrote acts on it', () => {
    vi.stubEnv('NO_COLOR', '1');
    const line = shown({ said: 'a\u001b[2J\nb\u009b1m' }, 'x\u001b]0;T\u0007');
    expect(line.trimEnd()).toBe(visible(line.trimEnd()));
    expect(line.split('\n')).toHaveLength(2);
  });
});

it('the time of a JSON line is ISO 8601', () => {
  let line = '';
  createLog('info', { write: (text) => (line = text) }).info({}, 'x');
  expect(JSON.parse(line).time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

it('the stack is for LOG_LEVEL=debug', () => {
  expect(lineOf('debug').err['stack']).toContain('create-log.test.ts');
});

describe.each(['trace', 'debug', 'info', 'error'])('at LOG_LEVEL=%s a line tells no data', (level) => {
  function logged(error: unknown): string {
    let line = '';
    createLog(level, { write: (text) => (line = text) }).error({ err: error }, 'failed');
    return line;
  }
  const broken = () => {
    try {
      return JSON.parse('{"diagnosis": HIV-marker');
    } catch (error) {
      return error;
    }
  };
  const ofPostgres = Object.assign(new Error('invalid input syntax for type bigint: "HIV-marker\n"'), {
    name: 'DatabaseError',
    severity: 'ERROR',
    code: '22P02',
    detail: 'Token "HIV-marker" is invalid.',
    where: 'JSON data, line 1: {"diagnosis":"HIV-marker',
    parameters: ['HIV-marker'],
    cause: { note: 'HIV-marker' },
  });

  it.each([
    ['of PostgreSQL', ofPostgres, 'invalid input syntax for type bigint'],
    [
      'of PostgreSQL, within another',
      new TidingsError('storage', 'Odd.', { cause: ofPostgres }),
      'invalid input',
    ],
    ['of JSON.parse', broken(), 'not valid JSON'],
  ])('of an error %s', (_, error, told) => {
    const line = logged(error);
    expect(line).not.toContain('marker');
    expect(line).toContain(told);
    if (level === 'debug' || level === 'trace') expect(line).toContain('create-log.test.ts');
  });
});
