import { describe, expect, it } from 'vitest';
import { renderMergeText, unresolvedFields } from './merge-text.ts';
import { parseMergeText } from './parse-merge-text.ts';

const lead = (metadata: Record<string, unknown>, more: object = {}) => ({
  lead: {
    name: null,
    email: null,
    phone: null,
    position: null,
    company: null,
    notes: null,
    metadata,
    ...more,
  },
  site: { name: 'Shop' },
});
const filtered = (value: unknown, filters: string) =>
  renderMergeText(parseMergeText(`{{lead.metadata.v | ${filters}}}`), lead({ v: value }));

describe('filters', () => {
  it.each([
    ['JOHN SMITH', 'titlecase', 'John Smith'],
    ['maría josé DE LA cruz', 'titlecase', 'María José de la Cruz'],
    ["O'BRIEN-MCDONALD", 'titlecase', "O'Brien-McDonald"],
    ["don't STOP", 'titlecase', "Don't Stop"],
    ['DeVito McDonald', 'titlecase', 'DeVito McDonald'],
    ['ÉMILE ÅS', 'titlecase', 'Émile Ås'],
    ['Ana & Co+1', 'url_encode', 'Ana%20%26%20Co%2B1'],
    ['\ud800x', 'url_encode', '%EF%BF%BDx'],
    ['A long company name', 'truncate: 10', 'A long co…'],
    ['A long company name', 'truncate: 10, "..."', 'A long...'],
    ['👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧', 'truncate: 2', '👩‍👩‍👧…'],
    ['short', 'truncate: 10', 'short'],
    ['1234567.5', 'number', '1,234,567.5'],
    ['1234567.5', 'number: 2', '1,234,567.50'],
    [1234.5, 'number: 2, "de"', '1.234,50'],
    ['1.234,50', 'number: 2, "en"', '1,234.50'],
    ['1,234,567', 'number: "de"', '1.234.567'],
    ['about 5', 'number', 'about 5'],
    ['2026-08-01', 'date', 'Aug 1, 2026'],
    ['2026-08-01T23:30:00-06:00', 'date: "long"', 'August 1, 2026'],
    ['2026-08-01', 'date: "long", "es"', '1 de agosto de 2026'],
    ['2026-08-01T09:05:00Z', 'date: "%d/%m/%Y %H:%M"', '01/08/2026 09:05'],
    ['2026-08-01', 'date: "D. MMMM YYYY", "de"', '1. August 2026'],
    ['31/12/2026', 'date: "YYYY-MM-DD"', '2026-12-31'],
    ['12/31/2026', 'date: "YYYY-MM-DD"', '2026-12-31'],
    ['3.4.2026', 'date: "YYYY-MM-DD"', '2026-04-03'],
    ['March 5, 2026', 'date: "YYYY-MM-DD"', '2026-03-05'],
    [1785542400, 'date: "YYYY-MM-DD"', '2026-08-01'],
    ['3/4/2026', 'date: "YYYY-MM-DD"', '3/4/2026'],
    ['2026-02-30', 'date', '2026-02-30'],
    ['soon', 'date', 'soon'],
  ])('%s | %s is %s', (value, filters, text) => {
    expect(filtered(value, filters)).toBe(text);
  });

  it('default takes the next field that has a value, and its text at last', () => {
    const text = parseMergeText('{{lead.first_name | default: lead.company | default: "there" | upcase}}');
    expect(renderMergeText(text, lead({}, { name: 'Ana Lee' }))).toBe('ANA');
    expect(renderMergeText(text, lead({}, { company: 'Acme' }))).toBe('ACME');
    expect(renderMergeText(text, lead({}))).toBe('THERE');
    expect(unresolvedFields(parseMergeText('{{lead.name | default: lead.company}}'), lead({}))).toEqual([
      'lead.name',
    ]);
  });

  it.each([
    ['{{lead.name | truncate}}', 'truncate: 20'],
    ['{{lead.name | truncate: 0}}', 'truncate: 20'],
    ['{{lead.name | upcase: 1}}', 'as in upcase'],
    ['{{lead.name | date: "long", "no language"}}', 'date: "long", "en"'],
    ['{{lead.name | date: "!!"}}', 'date: "long", "en"'],
    ['{{lead.name | number: 99}}', 'number: 2, "en"'],
    ['{{lead.name | default: “there”}}', 'straight quotes'],
    ['{{lead.name | default: &quot;there&quot;}}', 'straight quotes'],
    ['{{lead.name | default: "a", "b"}}', 'needs a quoted text or a field'],
    ['{{lead.name | constructor}}', 'unknown filter'],
  ])('that cannot be used are refused with how to write them: %s', (source, words) => {
    expect(() => parseMergeText(source)).toThrow(words);
  });
});
