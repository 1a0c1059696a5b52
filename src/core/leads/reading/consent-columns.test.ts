import { expect, it } from 'vitest';
import { consentColumn, readConsent } from './consent-columns.ts';

const reads = (header: string, value: string) => {
  const column = consentColumn(header, 0, header);
  return column && value !== '' ? (readConsent(column, value)?.reason ?? null) : null;
};

/** A header, what somebody who said no has beneath it, and what others have. */
it.each([
  ['Baja', 'Sí', 'No'],
  ['BAJA', 'x', ''],
  ['Fecha de baja', '2025-03-01', ''],
  ['Estado', 'De baja', 'Alta'],
  ['Excluir', 'Sí', ''],
  ['Lista negra', 'Sí', 'No'],
  ['Rebotado', 'Sí', 'No'],
  ['No enviar', 'x', ''],
  ['Cancelou inscrição', 'Sim', 'Não'],
  ['Não enviar', 'Sim', ''],
  ['Bloqueado', 'Sim', 'Não'],
  ['Désinscrit', 'Oui', 'Non'],
  ['Liste noire', 'Oui', 'Non'],
  ['Ne pas contacter', 'Oui', 'Non'],
  ['Kontaktsperre', 'Ja', 'Nein'],
  ['Abmeldedatum', '01.03.2025', ''],
  ['Disiscritto', 'Sì', 'No'],
  ['Uitgeschreven', 'Ja', 'Nee'],
  ['Отписан', 'да', 'нет'],
  ['配信停止', '済', ''],
  ['DNC', 'Y', 'N'],
  ['donotbulkemail', 'Do Not Allow', 'Allow'],
  ['Do not allow Bulk Emails', 'Do Not Allow', 'Allow'],
  ['HasOptedOutOfEmail', '1', '0'],
  ['can_email', 'false', 'true'],
  ['Email allowed', 'No', 'Yes'],
  ['Mail preference', 'none', 'all'],
  ['Consent', 'withdrawn', 'given'],
])('a column %j keeps out whoever has %j, and nobody who has %j', (header, no, yes) => {
  expect(reads(header, no)).not.toBeNull();
  expect(reads(header, yes)).toBeNull();
});

it.each([
  'Bajada',
  'Contact',
  'Contact owner',
  'Cancelled order',
  'Excluded tax',
  'Dance',
  'Canal',
  'Candidate',
])('a column %j says nothing of consent', (header) => {
  expect(reads(header, 'Yes')).toBeNull();
  expect(reads(header, 'No')).toBeNull();
});
