import { expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { SETTINGS } from './settings.ts';

const declared = SETTINGS.flatMap(({ settings }) => settings.map(({ name }) => name));

/** Which variables the configuration asks for, when every one of them is set to what somebody would write. */
function askedFor(): Set<string> {
  const asked = new Set<string>();
  const examples: Record<string, string> = {
    TIDINGS_API_KEY: 'a-long-random-text-of-somebody',
    WHATSAPP_ACCESS_TOKEN: 'token',
  };
  for (const { name, example } of SETTINGS.flatMap(({ settings }) => settings)) {
    if (example !== undefined) examples[name] ??= example;
  }
  const env = new Proxy(examples, {
    get(values, name) {
      if (typeof name === 'string') asked.add(name);
      return Reflect.get(values, name);
    },
  });
  readConfig(env);
  return asked;
}

test('every variable that is read is declared, and every declared one is read', () => {
  expect([...askedFor()].sort()).toEqual([...declared].sort());
});

test('each example is one that the configuration takes', () => {
  expect(() => askedFor()).not.toThrow();
});
