import type { LeadWire } from './lead.schema.ts';

/** A lead as stored; snake_case rows stay in stores. */
export interface LeadRow {
  seq: number;
  id: string;
  name: string | null;
  first_name: string | null;
  last_name: string | null;
  email: string | null;
  phone: string | null;
  email_key: string | null;
  phone_key: string | null;
  position: string | null;
  company: string | null;
  notes: string | null;
  status: LeadWire['status'];
  origin: string | null;
  metadata: string;
  /** A JSON array; null: none. */
  tags: string | null;
  segment_id: string | null;
  campaign_id: string | null;
  assignee_id: string | null;
  /** The import that made it; null: none did. */
  import_seq: number | null;
  created_at: string;
  updated_at: string;
  deleted_at: string | null;
}

export const LEAD_COLUMNS =
  'l.seq, l.id, l.name, l.first_name, l.last_name, l.email, l.phone, l.email_key, l.phone_key, l.position, l.company, l.notes, l.status, l.origin, l.metadata, l.tags, l.segment_id, l.campaign_id, l.assignee_id, l.import_seq, l.created_at, l.updated_at, l.deleted_at';

export function toLead(row: LeadRow): LeadWire {
  const {
    id,
    name,
    first_name,
    last_name,
    email,
    phone,
    position,
    company,
    notes,
    status,
    origin,
    created_at,
  } = row;
  const tags = row.tags === null ? [] : (JSON.parse(row.tags) as string[]);
  const metadata = JSON.parse(row.metadata) as LeadWire['metadata'];
  const wire = {
    id,
    name,
    first_name,
    last_name,
    email,
    phone,
    position,
    company,
    notes,
    status,
    origin,
    tags,
    metadata,
    created_at,
  };
  return row.deleted_at === null ? wire : { ...wire, deleted: true };
}

/** The columns of a lead `l` that a message can speak of. */
export const MERGE_COLUMNS =
  'l.name, l.first_name, l.last_name, l.email, l.phone, l.position, l.company, l.notes, l.metadata';
export type MergeRow = Pick<
  LeadRow,
  'name' | 'first_name' | 'last_name' | 'email' | 'phone' | 'position' | 'company' | 'notes' | 'metadata'
>;

/** The values a merge field can name. Strings as stored; each channel escapes for its own format. */
export interface MergeValues {
  readonly lead: {
    readonly name: string | null;
    readonly first_name?: string | null;
    readonly last_name?: string | null;
    readonly email: string | null;
    readonly phone: string | null;
    readonly position: string | null;
    readonly company: string | null;
    readonly notes: string | null;
    readonly metadata: Readonly<Record<string, unknown>>;
  };
  readonly site: { readonly name: string | null };
  /** Of one message, set by whoever sends it: the link by which its reader leaves. */
  readonly unsubscribe_url?: string;
  /** Of an email whose clicks are counted: whose they are. */
  readonly click_token?: string;
}

export function toMergeValues(row: MergeRow, siteName: string | null): MergeValues {
  const { name, first_name, last_name, email, phone, position, company, notes } = row;
  const metadata = row.metadata === '{}' ? {} : (JSON.parse(row.metadata) as Record<string, unknown>);
  return {
    lead: { name, first_name, last_name, email, phone, position, company, notes, metadata },
    site: { name: siteName },
  };
}
