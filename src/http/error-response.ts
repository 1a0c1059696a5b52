import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Log } from '../log/log.ts';
import { type Refusal, toRefusal } from '../operations/refusal.ts';

export const STATUS: Record<Refusal['code'], ContentfulStatusCode> = {
  invalid_argument: 400,
  invalid_template: 400,
  invalid_file: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  repeat: 409,
  changed: 409,
  unconfirmed: 409,
  declined: 409,
  too_large: 413,
  internal: 500,
  busy: 503,
  configuration: 503,
  storage: 503,
};

/** The one place where a kind of error becomes an HTTP status. */
export function toErrorResponse(
  error: unknown,
  log: Log,
  operation: string,
): { body: Refusal; status: ContentfulStatusCode } {
  const body = toRefusal(error, log, operation);
  return { body, status: STATUS[body.code] };
}
