import { useLive } from '../../api/live.ts';
import { count, percent, t } from '../../i18n/index.ts';
import { Strip, type StripCell } from '../../parts/charts.tsx';
import type { SendDetails } from './send.tsx';

/** The audience in its order: where the send has been, and what it met there. */
export function SendMap({ send }: { send: SendDetails }) {
  const { data } = useLive('sends.map', { send_id: send.send_id });
  const words = t().send;
  const cells = data?.cells ?? [];
  const looked = cells.reduce((sum, cell) => sum + cell.looked, 0);
  const share = (pick: (cell: (typeof cells)[number]) => number) =>
    percent(
      cells.reduce((sum, cell) => sum + pick(cell), 0),
      looked,
    );
  const left = (cell: (typeof cells)[number]) => cell.looked - cell.sent - cell.failed - cell.skipped;
  const label = words.mapSays(
    share((cell) => cell.sent),
    share((cell) => cell.failed),
    share((cell) => cell.skipped),
    share(left),
  );
  return (
    <Strip
      label={label}
      cells={cells.map(
        (cell): StripCell => ({
          title: words.mapCell(count(cell.first), count(cell.last)),
          parts: {
            sent: cell.sent,
            failed: cell.failed - cell.unknown,
            unknown: cell.unknown,
            skipped: cell.skipped,
            pending: left(cell),
          },
        }),
      )}
    />
  );
}
