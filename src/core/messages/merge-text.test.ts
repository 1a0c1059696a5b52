import { describe, expect, it } from 'vitest';
import { renderMergeText, unresolvedFields } from './merge-text.ts';
import { parseMergeText } from './parse-merge-text.ts';

const values = {
  lead: {
    name: 'Ana María López',
    email: 'ana@example.com',
    phone: null,
    position: null,
    company: 'ACME <b>',
    notes: null,
    metadata: { plan: { tier: 'gold' } },
  },
  site: { name: 'Shop' },
};
const render = (source: string) => renderMergeText(parseMergeText(source), values);

describe('merge fields', () => {
  it('are replaced by the values of the lead', () => {
    expect(render('Hi {{lead.first_name}} {{ lead.metadata.plan.tier }} of {{site.name}}')).toBe(
      'Hi Ana gold of Shop',
    );
  });

  it('fall back to the default filter when the lead has no value', () => {
    expect(render('{{lead.phone | default: "no }} phone"}}')).toBe('no }} phone');
    expect(render('{{lead.last_name | default: "x" | upcase}}')).toBe('MARÍA LÓPEZ');
  });

  it('pass every value through the escape of their format', () => {
    expect(
      renderMergeText(parseMergeText('{{lead.company}}'), values, (v) => v.replaceAll('<', '&lt;')),
    ).toBe('ACME &lt;b>');
  });

  it('never reach beyond the own properties of metadata', () => {
    expect(render('[{{lead.metadata.constructor.name}}]')).toBe('[]');
  });

  it('that cannot be filled are named', () => {
    expect(unresolvedFields(parseMergeText('{{lead.phone}} {{lead.name}}'), values)).toEqual(['lead.phone']);
  });

  it.each([
    ['Hi\n {{lead.name', 'line 2, column 2'],
    ['{{ }}', 'empty'],
    ['{{lead.name | shout}}', 'unknown filter "shout"'],
    ['{{lead.name | default}}', 'needs a quoted text'],
    ['{% for a in b %}', 'not supported'],
    ['{{a b}}', 'not a field name'],
  ])('with broken syntax are refused with their position: %s', (source, words) => {
    expect(() => parseMergeText(source)).toThrow(words);
  });
});
