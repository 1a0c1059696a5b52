import type { Bench } from '../bench.ts';
import { audience } from './audience.ts';
import { email } from './email.ts';
import { growth } from './growth.ts';
import { idle } from './idle.ts';
import { importLeads } from './import.ts';
import { latency } from './latency.ts';
import { restart } from './restart.ts';
import { scale } from './scale/index.ts';
import { whatsapp } from './whatsapp.ts';

export const BENCHES: Readonly<Record<string, Bench>> = {
  email,
  growth,
  import: importLeads,
  audience,
  restart,
  whatsapp,
  scale,
  latency,
  idle,
};
