import type { Bench } from '../bench.ts';
import { audience } from './audience.ts';
import { audiences } from './audiences.ts';
import { batches } from './batches.ts';
import { dashboard } from './dashboard.ts';
import { dkim } from './dkim.ts';
import { email } from './email.ts';
import { events } from './events.ts';
import { growth } from './growth.ts';
import { huge } from './huge/index.ts';
import { idle } from './idle.ts';
import { importLeads } from './import.ts';
import { latency } from './latency.ts';
import { pages } from './pages.ts';
import { restart } from './restart.ts';
import { scale } from './scale/index.ts';
import { whatsapp } from './whatsapp.ts';

export const BENCHES: Readonly<Record<string, Bench>> = {
  email,
  dkim,
  batches,
  growth,
  import: importLeads,
  audience,
  audiences,
  restart,
  whatsapp,
  events,
  scale,
  latency,
  idle,
  dashboard,
  pages,
  huge,
};

/** Takes an hour, and tens of gigabytes of disk: only for whoever names it. */
export const BY_NAME_ONLY = ['huge'];
