import { expect, it } from 'vitest';
import { runWhatsApp } from './whatsapp.ts';

it('people of twelve countries, in and out of their windows, get one message at most, and what was told is known, whenever the server is killed', async () => {
  const leads = 60;
  const run = await runWhatsApp({ leads, killsAt: [10, 45] });
  expect(run).toMatchObject({
    ...{ most_to_one: 1, texts_outside: 0, kills: 2, skipped: 0, remaining: 0 },
    // Whoever was claimed and never handed over is said to be unknown, for nobody tells of them.
    ...{
      sent: run.accepted,
      delivered: run.accepted,
      unknown: leads - run.accepted,
      failed: leads - run.accepted,
    },
  });
  expect(run.by_text).toBeGreaterThan(20);
  expect(run.by_template).toBeGreaterThan(20);
}, 240_000);
