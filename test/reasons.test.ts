import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { REASONS } from '../src/core/deliveries/reasons.ts';
import { SUPPRESSION_REASONS } from '../src/core/suppressions/suppression.ts';

const root = join(import.meta.dirname, '..');

/** Where a delivery gets its code: in an outcome, in the statements that skip, in the table of channels. */
const USES = [
  /\b(?:code|missing|invalid|errorCode): '([a-z]\w*)'/g,
  /\b(?:THEN|error_code =) '([a-z]\w*)'/g,
  /\bOUTCOME_UNKNOWN = '([a-z]\w*)'/g,
  /isTheirs \? '([a-z]\w*)' : '([a-z]\w*)'/g,
];

/** Where a code is no delivery's: the doctor's own looks, rows that a lead's merging or a chunk goes by, and the state of an import. */
const OTHERS = new Set([
  'src/providers/whatsapp/cloud/check-whatsapp.ts: unexpected_answer',
  'src/providers/email/smtp/connect.ts: unknown',
  'src/core/deliveries/freeze.ts: pending',
  'src/core/leads/import.store.ts: stopped',
  // Of a template or an account: why a send waits or is paused.
  'src/core/deliveries/template-gate.ts: template_changed',
  'src/core/deliveries/template-gate.ts: template_draft',
  'src/core/dispatch/wait-of.ts: messaging_limit',
  'src/providers/whatsapp/cloud/media-sample.ts: app_id_missing',
  'src/providers/whatsapp/fetch-media.ts: media_unreachable',
  // Of events that are about no delivery.
  'src/providers/whatsapp/twilio/webhook/read-callback.ts: all',
  // Of templates; a message that cannot leave by one has the provider's own code.
  'src/providers/whatsapp/twilio/twilio-registry.ts: twilio_exists',
  'src/providers/whatsapp/twilio/twilio-registry.ts: twilio_header',
  'src/providers/whatsapp/twilio/template-sids.ts: twilio_63027',
  'src/core/events/event.store.ts: t',
  'src/providers/whatsapp/cloud/webhook/read-inbound.ts: all',
  'src/providers/whatsapp/cloud/webhook/read-inbound.ts: call',
  'src/providers/whatsapp/cloud/webhook/read-inbound.ts: marketing',
  'src/providers/whatsapp/cloud/webhook/read-status.ts: marketing',
  'src/providers/whatsapp/twilio/webhook/read-callback.ts: all',
  // Of templates; a message that cannot leave by one has the provider's own code.
  'src/providers/whatsapp/twilio/twilio-registry.ts: twilio_exists',
  'src/providers/whatsapp/twilio/twilio-registry.ts: twilio_header',
  'src/providers/whatsapp/twilio/template-sids.ts: twilio_63027',
  'src/providers/email/bounces/meanings.ts: autoreply',
  'src/providers/email/bounces/meanings.ts: mail',
  'src/providers/email/bounces/take-bounce.ts: bounce',
]);

it('every reason that the code gives a delivery stands in the table of reasons, and no other', () => {
  const used = new Set<string>(SUPPRESSION_REASONS);
  for (const file of globSync('src/{core,providers,person}/**/*.ts', { cwd: root })) {
    if (/\.test\.ts$|\/reasons\.ts$/.test(file)) continue;
    const source = readFileSync(join(root, file), 'utf8');
    for (const use of USES)
      for (const [, ...codes] of source.matchAll(use))
        for (const code of codes) if (!OTHERS.has(`${file}: ${code}`)) used.add(code);
  }
  expect([...used].sort()).toEqual(Object.keys(REASONS).sort());
});
