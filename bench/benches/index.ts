import type { Bench } from '../bench.ts';
import { email } from './email.ts';

export const BENCHES: Readonly<Record<string, Bench>> = { email };
