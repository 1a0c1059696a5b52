import { expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { EMAIL_PROVIDERS } from './providers/email/api/provider-config.ts';
import { SETTINGS } from './settings.ts';

const declared = SETTINGS.flatMap(({ settings }) => settings.map(({ name }) => name));

/** One of several is chosen by each of these. */
const CHOICES = [
  { WHATSAPP_PROVIDER: 'cloud' },
  { WHATSAPP_PROVIDER: 'twilio' },
  ...EMAIL_PROVIDERS.map((provider) => ({ EMAIL_PROVIDER: provider })),
];
const SECRETS = SETTINGS.flatMap(({ settings }) => settings).filter(({ isSecret }) => isSecret);

/** Which variables the configuration asks for, when every one of them is set to what somebody would write. */
function askedFor(): Set<string> {
  const asked = new Set<string>();
  const keys = SECRETS.filter(({ name }) => /_(KEY|TOKEN|ID)$/.test(name) && !name.startsWith('DKIM_'));
  const examples: Record<string, string> = {
    ...Object.fromEntries(keys.map(({ name }) => [name, 'token'])),
    TIDINGS_API_KEY: 'a-long-random-text-of-somebody',
  };
  for (const { name, example } of SETTINGS.flatMap(({ settings }) => settings)) {
    if (example !== undefined) examples[name] ??= example;
  }
  for (const choice of CHOICES) {
    const env = new Proxy(
      { ...examples, ...choice },
      {
        get(values, name) {
          if (typeof name === 'string') asked.add(name);
          return Reflect.get(values, name);
        },
      },
    );
    readConfig(env);
  }
  return asked;
}

test('every variable that is read is declared, and every declared one is read', () => {
  expect([...askedFor()].sort()).toEqual([...declared].sort());
});

test('each example is one that the configuration takes', () => {
  expect(() => askedFor()).not.toThrow();
});
