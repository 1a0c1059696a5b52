import { describe, expect, it } from 'vitest';
import { plainNumber, toNumberFormat } from './number-format.ts';

const show = (value: number, code: string, is1904 = false) => toNumberFormat(164, code)(value, is1904);

describe('a number of a workbook', () => {
  it.each([
    [5511987654321, '5511987654321'],
    [5.511987654321e12, '5511987654321'],
    [1e20, '100000000000000000000'],
    [1e22, '10000000000000000000000'],
    [0.1 + 0.2, '0.3'],
    [1234.5, '1234.5'],
    [-3, '-3'],
    [-0, '0'],
    [1.5e-7, '0.00000015'],
  ])('%d is told without an exponent: %s', (value, text) => {
    expect(plainNumber(value)).toBe(text);
  });

  it.each([
    [1234.5, '#,##0.00', '1234.5'],
    [1234.5, '"R$" #,##0.00;[Red]-"R$" #,##0.00', '1234.5'],
    [-1234.5, '#,##0.00_);[Red](#,##0.00)', '-1234.5'],
    [12, '0', '12'],
    [12, '@', '12'],
    [12, 'General', '12'],
    [12, '[$-409]General" days"', '12'],
    [5511987654321, '0.00E+00', '5511987654321'],
    [5551234567, '[<=9999999]###-####;(###) ###-####', '5551234567'],
  ])('%d with %s stays the number %s', (value, code, text) => {
    expect(show(value, code)).toBe(text);
  });

  it.each([
    [1234, '00000', '01234'],
    [123456, '00000', '123456'],
    [2134567, '000-00-0000', '002-13-4567'],
    [5511987654321, '"+"0', '+5511987654321'],
    [5511987654321, '\\+0', '+5511987654321'],
    [5511987654321, '+00 (00) 00000-0000', '+55 (11) 98765-4321'],
    [1155550101, '[<=9999999999]\\(00\\)\\ 0000\\-0000;\\(00\\)\\ 00000\\-0000', '(11) 5555-0101'],
    [11955550101, '[<=9999999999]\\(00\\)\\ 0000\\-0000;\\(00\\)\\ 00000\\-0000', '(11) 95555-0101'],
    [7, '"Nº "000', 'Nº 007'],
    [-7, '000', '-7'],
  ])('%d with %s is what is shown: %s', (value, code, text) => {
    expect(show(value, code)).toBe(text);
  });

  it.each([
    [0.25, '0%', '25%'],
    [0.255, '0.0%', '25.5%'],
    [0.3333, '0.00%', '33.33%'],
    [1, '0.00%', '100%'],
  ])('%d with %s is a share: %s', (value, code, text) => {
    expect(show(value, code)).toBe(text);
  });
});

describe('a date of a workbook', () => {
  it.each([
    [45356, 'dd/mm/yyyy', '2024-03-05'],
    [45356.9, 'd.m.yy', '2024-03-05'],
    [45356, 'DD/MM/YYYY', '2024-03-05'],
    [45356, '[$-416]d\\ "de"\\ mmmm\\ "de"\\ yyyy;@', '2024-03-05'],
    [45356, 'mmm', '2024-03-05'],
    [45356.6041666667, 'm/d/yy h:mm AM/PM', '2024-03-05T14:30:00'],
    [45356.99999999, 'yyyy-mm-dd hh:mm:ss', '2024-03-06T00:00:00'],
    [0.6041666667, 'h:mm', '14:30:00'],
    [0.0104282407, 'mm:ss', '00:15:01'],
    [1.5, '[h]:mm:ss', '36:00:00'],
    [1, 'yyyy-mm-dd', '1900-01-01'],
    [59, 'yyyy-mm-dd', '1900-02-28'],
    [61, 'yyyy-mm-dd', '1900-03-01'],
    [2958465, 'yyyy-mm-dd', '9999-12-31'],
    [0, 'yyyy-mm-dd', ''],
    [-1, 'yyyy-mm-dd', '-1'],
    [3e6, 'yyyy-mm-dd', '3000000'],
  ])('%d with %s is %s', (value, code, text) => {
    expect(show(value, code)).toBe(text);
  });

  it('counts from 1904 where the workbook says so', () => {
    expect(show(0, 'yyyy-mm-dd', true)).toBe('1904-01-01');
    expect(show(43894, 'yyyy-mm-dd', true)).toBe('2024-03-05');
  });

  it.each([
    [14, '2024-03-05'],
    [17, '2024-03-05'],
    [22, '2024-03-05T12:00:00'],
    [20, '12:00:00'],
    [31, '2024-03-05'],
    [57, '2024-03-05'],
    [0, '45356.5'],
    [2, '45356.5'],
    [49, '45356.5'],
  ])('is known by the number of a format that every program has: %d', (id, text) => {
    expect(toNumberFormat(id)(45356.5, false)).toBe(text);
  });
});
