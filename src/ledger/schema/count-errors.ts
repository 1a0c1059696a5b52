/**
 * Keeps `delivery_errors`. A statement that moves a row with an error code, or gives it one, names the column: then this is
 * looked at. Neither a claim nor an acceptance names it, so that a message that goes well pays nothing: on SQLite a look
 * costs 2 µs, a tenth of what a message costs there.
 */

/** A row that is in flight again still has what it told, and to callers it is pending. */
const shown = (row: string) => `CASE ${row}.status WHEN 'sending' THEN 'pending' ELSE ${row}.status END`;
const tells = (row: string) => `${row}.error_code IS NOT NULL AND ${row}.status <> 'sent'`;
const MOVED = `coalesce(OLD.error_code, NEW.error_code) IS NOT NULL
    AND (${shown('OLD')} <> ${shown('NEW')} OR OLD.error_code IS DISTINCT FROM NEW.error_code)`;

const add = (row: string, count: number, chunk: string) => `INSERT INTO delivery_errors
      SELECT ${row}.send_seq, ${chunk}, ${shown(row)}, ${row}.error_code, ${count}, ${row}.position WHERE ${tells(row)}
      ON CONFLICT (send_seq, number, status, code) DO UPDATE SET count = delivery_errors.count + excluded.count,
        sample_position = CASE WHEN excluded.count > 0 THEN excluded.sample_position ELSE delivery_errors.sample_position END;`;

/** One process delivers a send as one chunk. */
const WHOLE = '0';

const sqlite = [
  `CREATE TRIGGER delivery_errors_made AFTER INSERT ON deliveries WHEN ${tells('NEW')}
    BEGIN
      ${add('NEW', 1, WHOLE)}
    END`,
  `CREATE TRIGGER delivery_errors_moved AFTER UPDATE OF error_code ON deliveries WHEN ${MOVED}
    BEGIN
      ${add('OLD', -1, WHOLE)}
      ${add('NEW', 1, WHOLE)}
    END`,
];

/** Of rows that came before their chunk, as a move brings them: counted all the same. */
const CHUNK = `coalesce((SELECT c.number FROM chunks c WHERE c.send_seq = NEW.send_seq
        AND c.first_position <= NEW.position AND c.last_position >= NEW.position), 0)`;

const postgres = [
  `CREATE FUNCTION count_delivery_error() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE chunk BIGINT := ${CHUNK};
    BEGIN
      IF TG_OP = 'UPDATE' THEN
      ${add('OLD', -1, 'chunk')}
      END IF;
      ${add('NEW', 1, 'chunk')}
      RETURN NULL;
    END $$`,
  `CREATE TRIGGER delivery_errors_made AFTER INSERT ON deliveries FOR EACH ROW WHEN (${tells('NEW')})
    EXECUTE FUNCTION count_delivery_error()`,
  `CREATE TRIGGER delivery_errors_moved AFTER UPDATE OF error_code ON deliveries FOR EACH ROW WHEN (${MOVED})
    EXECUTE FUNCTION count_delivery_error()`,
];

export const countErrors = { sqlite, postgres };
