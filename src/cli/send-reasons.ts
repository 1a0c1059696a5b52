import type { Tidings } from '../tidings.ts';
import { oneLine } from '../visible.ts';
import { call, type Result } from './context.ts';
import type { Output } from './output.ts';

/** Contacts that are named for each status; `sends deliveries` has them all. */
const NAMED = 3;

/**
 * Why some were not reached: the most frequent reasons, and on a terminal the first contacts to mend. Contacts stay on
 * the screen of whoever asked: a pipe may be anything, a log for instance.
 */
export async function reasonsOf(tidings: Tidings, result: Result, output: Output): Promise<string> {
  const { send_id } = result;
  const statuses = ['failed', 'skipped'].filter((status) => Number(result[`total_${status}`]) > 0);
  if (send_id === undefined || statuses.length === 0) return '';
  const { top_errors } = await call(tidings, 'sends.get', { send_id });
  const rows = (top_errors as Result[]).map(({ count, status, message, code }) => [
    count,
    status,
    message ?? code,
  ]);
  const parts = rows.length > 0 ? [output.table(['leads', 'status', 'why'], rows)] : [];
  if (!output.isTerminal) return parts.join('');
  for (const status of statuses) {
    const { deliveries } = await call(tidings, 'sends.deliveries', { send_id, status, limit: NAMED });
    const lines = (deliveries as Result[]).map(({ name, contact, error, error_code }) =>
      oneLine(`  ${[name, contact].filter(Boolean).join(', ') || 'a lead'}: ${error ?? error_code}`),
    );
    if (lines.length > 0) parts.push([`First ${status}:`, ...lines].join('\n'));
  }
  return parts.join('\n\n');
}
