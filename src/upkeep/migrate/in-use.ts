import { counted } from '../../amounts.ts';
import { livingHolders } from '../../core/dispatch/lease.ts';
import { findHold } from '../../core/holds/hold.ts';
import { TidingsError } from '../../errors.ts';
import type { Ledger, Reader } from '../../ledger/ledger.ts';

/** At most this many are named of each kind. */
const NAMED = 5;

/**
 * Nothing may be on its way while it is copied: what is in flight here would be claimed again there.
 * @throws TidingsError `conflict`, naming what goes on and how to end it.
 */
export async function refuseWhileInUse(source: Ledger, file: string): Promise<void> {
  const holders = await livingHolders(source);
  const living = holders.map((name) => ({
    what: `a process is alive that sends from it (${name})`,
    way: 'stop the server (tidings serve, tidings mcp)',
  }));
  refuse(file, [...(await unfinished(source)), ...living]);
}

/** The same without watching for a living process: asked again when nobody else can write any more. */
export async function refuseWhileUnfinished(source: Reader, file: string): Promise<void> {
  refuse(file, await unfinished(source));
}

interface Obstacle {
  readonly what: string;
  readonly way: string;
}

async function unfinished(source: Reader): Promise<Obstacle[]> {
  const running = await source.all<{ id: string; channel: string; campaign: string }>(
    "SELECT id, channel, campaign FROM sends WHERE state = 'running' ORDER BY seq LIMIT ?",
    NAMED,
  );
  const inFlight = await source.all<{ id: string; count: number }>(
    `SELECT s.id, sum(c.in_flight) AS count FROM chunks c JOIN sends s ON s.seq = c.send_seq
     WHERE s.state <> 'running' GROUP BY s.seq HAVING sum(c.in_flight) > 0 ORDER BY s.seq LIMIT ?`,
    NAMED,
  );
  const building = await source.all<{ id: string; name: string }>(
    "SELECT id, name FROM audiences WHERE status = 'building' AND deleted_at IS NULL ORDER BY seq LIMIT ?",
    NAMED,
  );
  // What a restored file does not know would not be known there either, and nothing would hold it back.
  const isHeld = (await findHold(source)) !== null;
  return [
    ...(isHeld
      ? [
          {
            what: 'it comes from a backup and is held',
            way: 'say what was sent since, with tidings restored',
          },
        ]
      : []),
    ...running.map(({ id, channel, campaign }) => ({
      what: `the send ${id} (${channel}, campaign ${campaign}) is running`,
      way: `tidings sends pause ${id}`,
    })),
    ...inFlight.map(({ id, count }) => ({
      what: `${counted(count, 'message is', 'messages are')} in flight in the send ${id}`,
      way: 'let the server run until they are settled (tidings serve; one that died is seen to at its next start), then stop it',
    })),
    ...building.map(({ id, name }) => ({
      what: `the audience ${id} (${name}) is being built`,
      way: `wait until it is ready, with tidings serve running, or tidings audience delete ${id}`,
    })),
  ];
}

function refuse(file: string, obstacles: readonly Obstacle[]): void {
  if (obstacles.length === 0) return;
  const ways = [...new Set(obstacles.map(({ way }) => way))];
  throw new TidingsError(
    'conflict',
    `${file} is in use, and was not moved: ${obstacles.map(({ what }) => what).join('; ')}.`,
    { fix: `First: ${ways.join('; ')}. Then run this again.` },
  );
}
