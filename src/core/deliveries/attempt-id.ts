/** Where an attempt stands: what {@link Attempt} has as its id, taken apart. */
export interface AttemptPlace {
  readonly sendId: string;
  readonly position: number;
  readonly attempt: number;
}

const FORM =
  /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})\.([0-9a-z]{1,8})\.(\d{1,9})$/;

/** As `claim` makes it: 32 digits of the send, the position to the base of 36, the number of the attempt. Null: it is none. */
export function parseAttemptId(id: string): AttemptPlace | null {
  const [, a, b, c, d, e, position, attempt] = FORM.exec(id) ?? [];
  if (!position) return null;
  return {
    sendId: `${a}-${b}-${c}-${d}-${e}`,
    position: Number.parseInt(position, 36),
    attempt: Number(attempt),
  };
}
