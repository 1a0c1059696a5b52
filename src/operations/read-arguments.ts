import * as z from 'zod';
import { innerType } from './check-input.ts';

/** Put in by clients and workflow tools, never by whoever calls. */
const ADDED_BY_CLIENTS: readonly string[] = [
  'toolCallId',
  'tool_call_id',
  'sessionId',
  'session_id',
  'chatInput',
  'requestId',
  '_meta',
];

/** What keeps a message from leaving or a person from being written to: an empty text is a lost value, not none. */
const GUARDS: readonly string[] = [
  'dry_run',
  'confirm',
  'expected_recipients',
  'and_suppress',
  'expires',
  'daily',
];

/** Texts that name something. Nothing is called "" or "null"; free text may be either. */
const NAMES: readonly string[] = [
  'campaign',
  'code',
  'country',
  'created_after',
  'created_before',
  'cursor',
  'file_name',
  'from',
  'idempotency_key',
  'language',
  'phone_prefix',
  'sample_seed',
  'schedule_at',
  'sender',
];

/**
 * Arguments as real clients write them, read by the schema they are for: `null` where nothing is meant, `"30"` for a
 * number, a JSON text for a list or an object. What is right already stays as it is; so does what could mean two
 * things, or nothing, for the check to refuse.
 * @returns arguments that are still to be checked; read once more, they stay the same
 */
export function readArguments(schema: z.ZodObject, given: unknown): unknown {
  const whole = wholeArguments(given);
  if (!isRecord(whole)) return whole;
  const kept = Object.entries(whole).filter(
    ([name]) => Object.hasOwn(schema.shape, name) || !ADDED_BY_CLIENTS.includes(name),
  );
  return readObject(schema, Object.fromEntries(kept));
}

/** All arguments of a call: nothing, an empty list (as PHP writes an empty object) or a JSON text are given for them too. */
export function wholeArguments(given: unknown): unknown {
  const value = typeof given === 'string' ? parsed(given.trim() || 'null') : (given ?? null);
  if (value === null || (Array.isArray(value) && value.length === 0)) return {};
  return isRecord(value) ? value : given;
}

function readObject(schema: z.core.$ZodObject, given: Record<string, unknown>): Record<string, unknown> {
  const { shape } = schema._zod.def;
  const read: [string, unknown][] = [];
  for (const [name, value] of Object.entries(given)) {
    const type = Object.hasOwn(shape, name) ? shape[name]! : null;
    if (type && isNothing(name, type, value)) continue;
    read.push([name, type ? readValue(innerType(type), value) : value]);
  }
  return Object.fromEntries(read);
}

/** Whether a value says no more than that the argument was not given. */
function isNothing(name: string, type: z.core.$ZodType, value: unknown): boolean {
  if (!takes(type, undefined)) return false;
  if (value === null) return !takes(type, null);
  if (typeof value !== 'string' || GUARDS.includes(name) || !isBlank(value)) return false;
  if (NAMES.includes(name)) return true;
  // An empty list would be nobody, where no list is everybody.
  return ['string', 'enum', 'number', 'boolean'].includes(typeOf(innerType(type))) && !takes(type, value);
}

function readValue(type: z.core.$ZodType, value: unknown): unknown {
  switch (typeOf(type)) {
    case 'string':
      // 1.10 has lost its last digit on the way, and might have been a text.
      return Number.isSafeInteger(value) ? String(value) : value;
    case 'number':
      return typeof value === 'string' && NUMBER.test(value) ? Number(value) : value;
    case 'boolean':
      return typeof value === 'string' ? readBoolean(value) : value;
    case 'array':
      return readList((type as z.core.$ZodArray)._zod.def.element, value);
    case 'record': {
      const { valueType } = (type as z.core.$ZodRecord)._zod.def;
      const record = objectOf(value);
      if (!isRecord(record)) return record;
      return Object.fromEntries(
        Object.entries(record).map(([name, inner]) => [name, readValue(innerType(valueType), inner)]),
      );
    }
    case 'object': {
      const object = objectOf(value);
      return isRecord(object) ? readObject(type as z.core.$ZodObject, object) : object;
    }
    default:
      return value;
  }
}

/** As people write numbers: 1e3 and 0x10 are more often something else. */
const NUMBER = /^\s*-?(0|[1-9]\d{0,14})(\.\d{1,15})?\s*$/;

function readBoolean(text: string): unknown {
  if (/^\s*true\s*$/i.test(text)) return true;
  return /^\s*false\s*$/i.test(text) ? false : text;
}

/** One value where a list of such is taken is a list of one, unless it might be several in one text. */
function readList(element: z.core.$ZodType, value: unknown): unknown {
  const inner = innerType(element);
  const list = typeof value === 'string' && value.trimStart().startsWith('[') ? parsed(value) : value;
  if (Array.isArray(list)) return list.map((one) => readValue(inner, one));
  const isOne =
    typeof value === 'string'
      ? typeOf(inner) === 'string' && /^[^,;|[\]{}\r\n]{1,400}$/.test(value) && !isBlank(value)
      : typeOf(inner) === 'object' && isRecord(value);
  return isOne ? [readValue(inner, value)] : value;
}

function objectOf(value: unknown): unknown {
  if (typeof value !== 'string' || !value.trimStart().startsWith('{')) return value;
  const object = parsed(value);
  return isRecord(object) ? object : value;
}

function isBlank(text: string): boolean {
  const word = text.trim();
  return word === '' || (word.length === 4 && word.toLowerCase() === 'null');
}

function takes(type: z.core.$ZodType, value: unknown): boolean {
  return z.safeParse(type, value).success;
}

function typeOf(type: z.core.$ZodType): string {
  return type._zod.def.type;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** undefined: it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
