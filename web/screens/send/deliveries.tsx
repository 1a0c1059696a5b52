import { fileUrl } from '../../api/call.ts';
import type { Input, Output } from '../../api/catalogue.ts';
import { useLive } from '../../api/live.ts';
import { useCall } from '../../api/use-call.ts';
import { t, time } from '../../i18n/index.ts';
import { reasonWords } from '../../i18n/reasons.ts';
import { buttonClass } from '../../parts/button.tsx';
import { Mark, type Status } from '../../parts/mark.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { Reason } from '../../parts/reason.tsx';
import { type Column, Pager, Table } from '../../parts/table.tsx';
import { query, withQuery } from '../../router.ts';
import type { SendDetails } from './send.tsx';

type Delivery = Output<'sends.deliveries'>['deliveries'][number];
const STATUSES = ['sent', 'failed', 'skipped', 'pending'] as const;
const SHOWN = 50;

/** One row for each lead: who got it, who did not, and why. */
export function Deliveries({ send }: { send: SendDetails }) {
  const words = t().send;
  const status = STATUSES.find((one) => one === query.value.get('status'));
  const code = query.value.get('code');
  const cursor = query.value.get('cursor');
  const input: Input<'sends.deliveries'> = {
    send_id: send.send_id,
    limit: SHOWN,
    ...(status && { status }),
    ...(code && { code }),
    ...(cursor && { cursor }),
  };
  // Looking for one reason goes through many rows: that is done once, not each second.
  const live = useLive('sends.deliveries', code ? null : input);
  const asked = useCall('sends.deliveries', code ? input : null);
  const data = code ? asked.data : live.data;
  const refusal = code ? asked.error : live.refusal;
  const columns: readonly Column<Delivery>[] = [
    {
      name: words.person,
      cell: (row) => <a href={`/leads/${row.lead_id}`}>{row.name ?? t().leads.unnamed}</a>,
    },
    { name: words.contact, cell: ({ contact }) => contact },
    { name: words.status, cell: (row) => <Mark status={statusOf(row)} word={statusWords(row)} /> },
    { name: words.reason, cell: (row) => <WhyNot row={row} /> },
    { name: words.sentAt, isNumber: true, cell: ({ sent_at }) => sent_at !== null && time(sent_at) },
  ];
  return (
    <section class="group" id="deliveries" aria-label={words.deliveries}>
      <div class="page-head">
        <h2>{words.deliveries}</h2>
        <nav class="tabs" aria-label={words.status}>
          {[undefined, ...STATUSES].map((one) => (
            <a
              key={one ?? 'all'}
              href={withQuery({ status: one ?? null, code: null, cursor: null })}
              aria-current={status === one && code === null ? 'true' : undefined}
            >
              {one === undefined ? t().common.all : t().status[one]}
            </a>
          ))}
          {code !== null && (
            <a href={withQuery({ code: null, cursor: null })} aria-current="true">
              {reasonWords(code, null)} ×
            </a>
          )}
        </nav>
        <a
          class={buttonClass(undefined, true)}
          href={fileUrl('sends.export', {
            send_id: send.send_id,
            ...(status && { status }),
            ...(code && { code }),
          })}
          download
        >
          CSV
        </a>
      </div>
      {refusal !== null && <ErrorNotice error={refusal} />}
      {data && data.deliveries.length === 0 && data.next_cursor === null && (
        <p class="quiet">{words.noDeliveries}</p>
      )}
      {data && (data.deliveries.length > 0 || data.next_cursor !== null) && (
        <Table
          caption={words.deliveries}
          columns={columns}
          rows={data.deliveries}
          keyOf={(row) => row.lead_id}
        >
          <Pager next={data.next_cursor} />
        </Table>
      )}
    </section>
  );
}

function statusOf(row: Delivery): Status {
  return row.error_code === 'outcome_unknown' ? 'unknown' : row.send_status;
}

function statusWords(row: Delivery): string {
  return row.in_flight ? t().status.inFlight : t().status[statusOf(row) as 'sent'];
}

function WhyNot({ row }: { row: Delivery }) {
  if (row.error_code === null) return null;
  return (
    <>
      <Reason code={row.error_code} says={row.error} />
      {row.provider_said !== null && <q class="quiet said">{row.provider_said}</q>}
    </>
  );
}
