import { describe, expect, it } from 'vitest';
import { planColumns } from './column-plan.ts';
import { parseStatus } from './lead-status.ts';

describe('the columns of a CSV', () => {
  it.each([
    ['E-Mail ', 'email'],
    ['CORREO ELECTRÓNICO', 'email'],
    ['Teléfono', 'phone'],
    ['celular', 'phone'],
    ['Móvil', 'phone'],
    ['WhatsApp', 'phone'],
    ['Phone 1 - Value', 'phone'],
    ['telefone', 'phone'],
    ['Nombre completo', 'name'],
    ['firstName', 'first_name'],
    ['Apellidos', 'last_name'],
    ['Job Title', 'position'],
    ['Compañía', 'company'],
    ['Observaciones', 'notes'],
    ['Estado', 'status'],
    ['Fuente', 'origin'],
    ['segment_id', 'metadata.segment_id'],
    ['Fecha de alta', 'metadata.Fecha_de_alta'],
    ['metadata.city', 'metadata.city'],
    ['plan.tier', 'metadata.plan_tier'],
    ['__proto__', 'metadata.proto'],
    ['constructor', 'metadata.constructor'],
    ['rejected_reason', 'ignored'],
  ])('%j is read as %s', (header, field) => {
    expect(Object.values(planColumns([header]).shown)).toEqual([field]);
  });

  it('take the first of two of the same name, and keep the other in metadata', () => {
    expect(planColumns(['email', 'email', 'city', 'city']).shown).toEqual({
      email: 'email',
      'email (2)': 'email where others are blank, metadata.email',
      city: 'metadata.city',
      'city (2)': 'metadata.city_2',
    });
  });

  it('take WhatsApp before mobile before phone', () => {
    expect(planColumns(['phone', 'mobile', 'whatsapp']).shown).toEqual({
      phone: 'phone where others are blank, metadata.phone',
      mobile: 'phone where others are blank, metadata.mobile',
      whatsapp: 'phone',
    });
  });

  it('take "nombre" beside "apellidos" for the first name', () => {
    const plan = planColumns(['Apellidos', 'Nombre', 'Correo']);
    expect([plan.firstNames, plan.lastNames]).toEqual([[1], [0]]);
  });

  it('keep the parts of a name that is there in full', () => {
    expect(planColumns(['Full name', 'First name']).shown).toEqual({
      'Full name': 'name',
      'First name': 'first_name',
    });
  });

  it('without a name are called by their place', () => {
    expect(planColumns(['email', '']).shown).toEqual({ email: 'email', 'column 2': 'metadata.column_2' });
  });
});

describe('a status', () => {
  it.each([
    ['Nuevo', 'new'],
    ['contactada', 'contacted'],
    ['CALIFICADO', 'qualified'],
    ['convertido', 'converted'],
    [' lost ', 'lost'],
    ['Jalisco', undefined],
    ['Nuevo León', undefined],
  ])('%j is %s', (text, status) => {
    expect(parseStatus(text)).toBe(status);
  });
});

describe('a header', () => {
  it('of two thousand equal names keeps each of them', () => {
    const { shown, metadata } = planColumns(['email', ...Array<string>(1_999).fill('a')]);
    expect(Object.keys(shown)).toHaveLength(2_000);
    expect(new Set(metadata.map(({ key }) => key)).size).toBe(1_999);
    expect(shown['a (1999)']).toBe('metadata.a_1999');
  });

  it('whose names are numbered already gives no name twice', () => {
    const { shown } = planColumns(['a (2)', 'a', 'a', 'a_2', 'a (2)']);
    expect(Object.keys(shown)).toEqual(['a (2)', 'a', 'a (3)', 'a_2', 'a (2) (2)']);
    expect(new Set(Object.values(shown)).size).toBe(5);
  });

  it('with a name of a page of text keeps the beginning of it', () => {
    const { shown } = planColumns(['email', 'x'.repeat(5_000)]);
    expect(Object.keys(shown)[1]).toHaveLength(200);
  });
});
