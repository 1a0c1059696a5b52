import { metadataText } from './field-values.ts';

/** As in a message: what a name of another form is called cannot be written there. */
const NAME = /^[\p{L}\p{N}_-]+$/u;
const DEEPEST = 3;
/** Of one lead: a table has some dozens of columns. */
const MOST_KEYS = 500;

/** The paths within metadata that have a value which a message can show. */
export function fieldKeys(metadata: Readonly<Record<string, unknown>>): string[] {
  const keys: string[] = [];
  const walk = (inner: object, path: readonly string[]) => {
    for (const [name, value] of Object.entries(inner)) {
      if (keys.length === MOST_KEYS) return;
      if (!NAME.test(name)) continue;
      const own = [...path, name];
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        if (own.length < DEEPEST) walk(value, own);
      } else if (metadataText(metadata, own) !== null) keys.push(own.join('.'));
    }
  };
  walk(metadata, []);
  return keys;
}
