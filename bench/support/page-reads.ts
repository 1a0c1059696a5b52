/** What of a large house the pages are opened at. */
export interface Sights {
  readonly lead_id: string;
  /** Of all leads. */
  readonly audience_id: string;
  /** To all of them, on its way. */
  readonly send_id: string;
}

export type PageRead = readonly [page: string, operation: string, input: object];

/** Answered to whoever has signed in, which a bench has not. */
export const FOR_PEOPLE: readonly PageRead[] = [['Settings', 'apps.list', {}]];

/** What is counted while somebody chooses, beside a page that does not wait for it: it goes through all leads, and rests. */
export const COUNTED: readonly PageRead[] = [
  ['Counted while somebody chooses', 'audience.count', {}],
  ['Counted while somebody chooses', 'audience.count', { status: 'new' }],
];

/** Every read of the dashboard's pages, as they ask: those in the middle of long lists, and those that find nothing, too. */
export function pageReads({ lead_id, audience_id, send_id }: Sights): PageRead[] {
  const states = ['running', 'paused', 'scheduled', 'completed', 'cancelled'];
  return [
    ...states.map((state): PageRead => ['Home, Sends', 'sends.list', { state, limit: 20 }]),
    ['Sends', 'sends.list', { limit: 50 }],
    ['Find', 'sends.list', { limit: 200 }],
    ['Find', 'audience.list', { limit: 200 }],
    ['Find', 'leads.list', { search: 'Ana', limit: 6 }],
    ['Send', 'sends.get', { send_id }],
    ['Send', 'sends.map', { send_id }],
    ['Send', 'sends.deliveries', { send_id, limit: 50 }],
    ...['sent', 'failed', 'skipped', 'pending'].map(
      (status): PageRead => ['Send, by status', 'sends.deliveries', { send_id, status, limit: 50 }],
    ),
    ['Send, by reason', 'sends.deliveries', { send_id, code: 'smtp_550', limit: 50 }],
    ['Leads', 'leads.list', { order: 'newest', limit: 100 }],
    ['Leads, filtered', 'leads.list', { order: 'newest', limit: 100, status: 'new' }],
    ['Leads, filtered', 'leads.list', { order: 'newest', limit: 100, origin: 'fair' }],
    ['Lead', 'leads.get', { lead_id, limit: 100 }],
    ['Audiences', 'audience.list', { limit: 50 }],
    ['Audience', 'audience.get', { audience_id, page: 1 }],
    ['Audience, in its middle', 'audience.get', { audience_id, page: 5_000 }],
    ['Compose', 'leads.fields', { audience_id, look_at: 2_000 }],
    ['Compose', 'templates.list', { limit: 200 }],
    ['Drafts', 'drafts.list', {}],
    ['Approvals', 'sends.approvals', {}],
    ['Replies', 'events.list', {}],
    ['Replies', 'events.list', { type: 'replied' }],
    ['Suppressions', 'suppressions.list', { limit: 100 }],
    ['Channels', 'channels.list', {}],
    ['Channels', 'channels.check', {}],
    ['Channels', 'outbox.list', { limit: 20 }],
    ['Settings', 'settings.get', {}],
    ['Settings', 'audit.list', { limit: 20 }],
    ['Settings', 'users.list', { limit: 100 }],
    ['Settings', 'keys.list', { limit: 100 }],
  ];
}
