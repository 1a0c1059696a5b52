import { LEAD_STATUSES } from '../lead.schema.ts';
import { UnusedNames } from './unused-names.ts';

type Status = (typeof LEAD_STATUSES)[number];
export type LeadField = 'name' | 'email' | 'phone' | 'position' | 'company' | 'notes' | 'status' | 'origin';
type ColumnField = LeadField | 'first_name' | 'last_name';

/** What is read from each column, by its index in a record. */
export interface ColumnPlan {
  /** Header as shown to people → `email`, or `metadata.city`. */
  readonly shown: Record<string, string>;
  readonly fields: readonly { readonly field: LeadField; readonly index: number }[];
  readonly firstName: number | undefined;
  readonly lastName: number | undefined;
  readonly metadata: readonly { readonly key: string; readonly index: number }[];
  /** Where a status goes that is none of ours, since `estado` may as well be a state of Mexico. */
  readonly statusKey: string;
  /** Whether a person can be known from this file at all. */
  readonly usable: boolean;
}

/**
 * Folded header names, the best first: of `phone` and `whatsapp` in one file the latter is the phone, and the other
 * stays in metadata. English, Spanish and Portuguese; also what Google, Outlook and HubSpot export.
 */
const NAMES: Record<ColumnField, string> = {
  name:
    'fullname nombrecompleto nomecompleto nombreyapellidos nombreyapellido nombresyapellidos nombreapellidos name nombre ' +
    'nombres nome displayname contactname nombredelcontacto nombrecontacto nombredecontacto leadname customername ' +
    'clientname nombredelcliente nombrecliente contact contacto contato lead',
  first_name:
    'firstname first givenname forename primernombre nombredepila nombrepila primeironome prenombre firstnames',
  last_name:
    'lastname last surname familyname apellidos apellido sobrenome apellidopaterno primerapellido secondname',
  email:
    'email emailaddress mail mailaddress correo correoelectronico correoe direcciondecorreo direcciondecorreoelectronico ' +
    'direccioncorreo emailprincipal primaryemail email1 emails email1value workemail contactemail useremail eletronico ' +
    'correioeletronico enderecodeemail',
  phone:
    'whatsapp whatsappnumber numerodewhatsapp numerowhatsapp telefonowhatsapp wa mobile mobilephone mobilenumber ' +
    'mobilephonenumber cell cellphone cellphonenumber cellular celular telefonocelular telefonecelular numerodecelular ' +
    'numerocelular movil telefonomovil numeromovil telemovel phone phonenumber telephone telephonenumber telefono ' +
    'telefone numerodetelefono numerotelefono numerodetelefone tel telf tlf tfno fone primaryphone phone1 phone1value ' +
    'telefono1 phones telefonos workphone businessphone contactphone msisdn numero number',
  position:
    'position jobtitle job puesto cargo role rol title occupation ocupacion profession profesion funcao',
  company:
    'company companyname organization organisation organizationname business businessname account accountname empresa ' +
    'compania nombredelaempresa nombreempresa nomedaempresa organizacion organizacao negocio razonsocial',
  notes:
    'notes note comments comment remarks description notas nota observaciones observacion comentarios comentario ' +
    'observacoes',
  status: 'status leadstatus stage leadstage estatus estado situacion etapa situacao estadodellead',
  origin: 'origin source leadsource origen fuente procedencia origem fonte fuentedellead origendellead',
};

const KNOWN = new Map<string, { field: ColumnField; rank: number }>(
  (Object.keys(NAMES) as ColumnField[]).flatMap((field) =>
    NAMES[field].split(' ').map((name, rank) => [name, { field, rank }] as const),
  ),
);

/** `nombre` beside `apellidos` is the first name only. */
const SHORT_NAME = new Set(['name', 'nombre', 'nombres', 'nome']);

const STATUSES: Record<Status, string> = {
  new: 'new nuevo nueva novo nova',
  contacted: 'contacted contactado contactada contatado contatada',
  qualified: 'qualified calificado calificada cualificado cualificada qualificado qualificada',
  converted: 'converted convertido convertida won ganado ganada ganho',
  lost: 'lost perdido perdida',
};
const STATUS_OF = new Map<string, Status>(
  LEAD_STATUSES.flatMap((status) => STATUSES[status].split(' ').map((word) => [word, status] as const)),
);

export const UNDERSTOOD =
  'name (nombre), first name, last name (apellidos), email (correo), phone (teléfono, mobile, celular, whatsapp)';

/** Added in front of a rejects file; of no meaning when it is imported again. */
export const REJECT_COLUMNS = ['rejected_line', 'rejected_reason'] as const;

/** Of what stands above a column; a longer one was no name, and names are shown to callers. */
const LONGEST_NAME = 200;

/**
 * Letters and digits only, without case and accents: `E-Mail ` and `email` are one. Nothing we know is long, and to
 * bring accents in order takes the square of their number.
 */
export function fold(text: string): string {
  const trimmed = text.trim();
  if (trimmed.length > LONGEST_NAME) return '';
  return trimmed
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '');
}

export function parseStatus(text: string): Status | undefined {
  return STATUS_OF.get(fold(text));
}

/** How many of these headers name something we know; tells a right delimiter from a wrong one. */
export function countKnown(header: readonly string[]): number {
  return header.filter((name) => KNOWN.has(fold(name))).length;
}

export function planColumns(header: readonly string[]): ColumnPlan {
  const names = header.map((name) => name.trim().slice(0, LONGEST_NAME).toWellFormed());
  const winners = pickWinners(names);
  const fieldAt = new Map([...winners].map(([field, index]) => [index, field]));
  const hasFullName = winners.has('name');
  // Assigning `__proto__` would be lost without a word.
  const labels = new UnusedNames((label, number) => `${label} (${number})`, ['__proto__']);
  const keys = new UnusedNames((key, number) => `${key}_${number}`);
  const shown: Record<string, string> = {};
  const fields: { field: LeadField; index: number }[] = [];
  const metadata: { key: string; index: number }[] = [];
  for (const [index, name] of names.entries()) {
    const label = labels.take(name || `column ${index + 1}`);
    if ((REJECT_COLUMNS as readonly string[]).includes(label)) {
      shown[label] = 'ignored';
      continue;
    }
    const field = fieldAt.get(index);
    const isPartOfName = field === 'first_name' || field === 'last_name';
    if (field && !(isPartOfName && hasFullName)) {
      shown[label] = isPartOfName ? 'name' : field;
      if (!isPartOfName) fields.push({ field, index });
    } else {
      // Beside a full name, its parts are data of their own and not dropped.
      const key = keys.take(metadataKey(name) || `column_${index + 1}`);
      shown[label] = `metadata.${key}`;
      metadata.push({ key, index });
    }
  }
  const status = winners.get('status');
  return {
    shown,
    fields,
    firstName: winners.get('first_name'),
    lastName: winners.get('last_name'),
    metadata,
    statusKey: keys.take((status !== undefined && metadataKey(names[status]!)) || 'status'),
    usable: (['name', 'first_name', 'last_name', 'email', 'phone'] as const).some((f) => winners.has(f)),
  };
}

function pickWinners(header: readonly string[]): Map<ColumnField, number> {
  const best = new Map<ColumnField, { index: number; rank: number }>();
  for (const [index, name] of header.entries()) {
    const known = KNOWN.get(fold(name));
    if (!known) continue;
    const held = best.get(known.field);
    if (!held || known.rank < held.rank) best.set(known.field, { index, rank: known.rank });
  }
  const name = best.get('name');
  if (name && best.has('last_name') && !best.has('first_name') && SHORT_NAME.has(fold(header[name.index]!))) {
    best.delete('name');
    best.set('first_name', name);
  }
  return new Map([...best].map(([field, { index }]) => [field, index]));
}

/** A key that a merge field can name: `Fecha de alta` is `{{lead.metadata.Fecha_de_alta}}`. */
function metadataKey(header: string): string {
  const key = header
    .normalize('NFC')
    .trim()
    .replace(/^metadata\./i, '')
    .replace(/[^\p{L}\p{N}_-]+/gu, '_');
  // Assigning `__proto__` would be lost without a word.
  if (key === '__proto__') return 'proto';
  return /[\p{L}\p{N}]/u.test(key) ? key.replace(/_+$/, '') : '';
}
