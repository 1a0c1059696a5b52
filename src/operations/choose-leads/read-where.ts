import { CHANNEL_NAMES } from '../../core/channel.ts';
import { foldText } from '../../core/leads/filter/fold-text.ts';
import { all, any, type Leaf, type Node, type TextTest } from '../../core/leads/filter/node.ts';
import { numberOf } from '../../core/leads/filter/typed-values.ts';
import { LEAD_STATUSES, OUTCOMES } from '../../core/leads/lead.schema.ts';
import {
  checkedText,
  countryOf,
  idOf,
  listOf,
  oneOf,
  prefixOf,
  show,
  TEXT_MAX,
  textsOf,
  timeText,
  tooLong,
  wrong,
} from './where-values.ts';
import {
  FIELDS,
  GROUPS,
  noField,
  noGroup,
  noTest,
  ORDERS,
  TESTS,
  TEXTS,
  type Test,
  TIMES,
  testsOf,
} from './where-words.ts';

/** What stands for something that has to be looked up. */
export interface References {
  imports(ids: readonly string[], place: string): Promise<Node>;
  audiences(ids: readonly string[], place: string): Promise<Node>;
  outcome(
    outcome: (typeof OUTCOMES)[number],
    of: { readonly send_id?: string; readonly campaign?: string },
    place: string,
  ): Promise<Node>;
}

const DEPTH_MAX = 6;
const CONDITIONS_MAX = 100;

type Given = Readonly<Record<string, unknown>>;

/**
 * Reads `where`. Each refusal names the place, what stands there, and the nearest that is right.
 * @throws TidingsError `invalid_argument`
 */
export async function readWhere(given: unknown, references: References): Promise<Node> {
  let conditions = 0;

  async function readNode(value: unknown, place: string, depth: number): Promise<Node> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw wrong(
        `${place} is ${show(value)}, and has to be an object.`,
        'Give {"field": "tag", "is": "vip"}, or {"all": […]}, {"any": […]}, {"not": {…}}.',
      );
    }
    const names = Object.keys(value);
    if (names.length === 0) throw wrong(`${place} is empty.`, 'Leave it out, or give a condition.');
    if (depth > DEPTH_MAX)
      throw wrong(`${place} is nested deeper than ${DEPTH_MAX} levels.`, 'Give flatter conditions.');
    if ('field' in value) {
      conditions += 1;
      if (conditions > CONDITIONS_MAX)
        throw wrong(
          `where has more than ${CONDITIONS_MAX} conditions.`,
          'Put values of one field into one list: {"field": "tag", "in": […]}.',
        );
      return readCondition(value as Given, place, references);
    }
    const parts: Node[] = [];
    for (const name of names) {
      if (!GROUPS.includes(name as never)) throw noGroup(name, place);
      const inner = (value as Given)[name];
      const path = `${place}.${name}`;
      if (name === 'not') {
        parts.push({ kind: 'not', node: await readNode(inner, path, depth + 1) });
        continue;
      }
      if (!Array.isArray(inner) || inner.length === 0)
        throw wrong(
          `${path} is ${show(inner)}, and has to be a list of conditions.`,
          `Give ${name}: [{"field": …}].`,
        );
      const nodes: Node[] = [];
      for (const [at, one] of inner.entries()) nodes.push(await readNode(one, `${path}.${at}`, depth + 1));
      parts.push(name === 'all' ? all(nodes) : any(nodes));
    }
    return all(parts);
  }

  return readNode(given, 'where', 1);
}

async function readCondition(given: Given, place: string, references: References): Promise<Node> {
  const { field } = given;
  const name = typeof field === 'string' ? field.trim() : '';
  const key = /^(?:lead\.)?metadata\.(.+)$/is.exec(name)?.[1];
  if (key === undefined && !FIELDS.includes(name as never)) throw noField(field, place);
  const more = name === 'outcome' ? ['send_id', 'campaign'] : [];
  const tests = Object.keys(given).filter((one) => one !== 'field' && !more.includes(one));
  for (const test of tests) if (!TESTS.includes(test as Test)) throw noTest(test, place);
  if (tests.length !== 1) {
    const found = tests.length === 0 ? 'no test' : `${tests.length} tests (${tests.join(', ')})`;
    throw wrong(
      `${place} has ${found}, and takes one.`,
      `Give one of: ${TESTS.join(', ')}; join several by {"all": […]}.`,
    );
  }
  const test = tests[0] as Test;
  const value = given[test];
  const path = `${place}.${test}`;
  const allowed = testsOf(name);
  if (!allowed.includes(test))
    throw wrong(`${place} tests ${name} by ${test}.`, `${name} takes: ${allowed.join(', ')}.`);
  if (test === 'exists') {
    const isThere = value === 'true' || (value === 'false' ? false : value);
    if (typeof isThere !== 'boolean') throw wrong(`${path} is ${show(value)}.`, 'Give true or false.');
    const node: Node = hasNode(name, key);
    return isThere ? node : { kind: 'not', node };
  }
  if (key !== undefined) return metadataNode(key, test, value, path);
  if (TEXTS.includes(name as never))
    return textNode(name as (typeof TEXTS)[number], test, textsOf(value, test, path));
  if (TIMES.includes(name as never)) {
    return {
      kind: 'time',
      column: name as 'created_at',
      test: test as 'after',
      value: timeText(value, path),
    };
  }
  const texts = textsOf(value, test, path);
  switch (name) {
    case 'tag':
      return { kind: 'tag', test: textTest(test), values: texts.map(foldText) };
    case 'status':
      return { kind: 'status', values: texts.map((one) => oneOf(one.toLowerCase(), LEAD_STATUSES, path)) };
    case 'country':
      return { kind: 'country', countries: texts.map((one) => countryOf(one, path)) };
    case 'phone_prefix':
      return { kind: 'phone', prefixes: texts.map((one) => prefixOf(one, path)) };
    case 'lead_id':
      return { kind: 'leads', ids: texts.map((one) => idOf(one, path)) };
    case 'import_id':
      return references.imports(
        texts.map((one) => idOf(one, path)),
        path,
      );
    case 'audience_id':
      return references.audiences(
        texts.map((one) => idOf(one, path)),
        path,
      );
    case 'outcome':
      return references.outcome(oneOf(texts[0]!, OUTCOMES, path), sendOf(given, place), place);
    default:
      return { kind: name as 'reachable', channel: oneOf(texts[0]!, CHANNEL_NAMES, path) };
  }
}

function hasNode(name: string, key: string | undefined): Leaf {
  if (key !== undefined) return { kind: 'metadata', key: foldText(key), test: 'exists', values: [] };
  return { kind: 'has', column: name === 'tag' ? 'tags' : (name as 'name') };
}

function textTest(test: Test): TextTest {
  return test === 'in' ? 'is' : (test as TextTest);
}

function textNode(field: (typeof TEXTS)[number], test: Test, texts: readonly string[]): Leaf {
  // As it was given, and as it is dialled.
  const columns = field === 'phone' ? (['phone', 'phone_key'] as const) : [field];
  return { kind: 'text', columns, test: textTest(test), values: texts.map(foldText) };
}

function metadataNode(key: string, test: Test, value: unknown, path: string): Leaf {
  const leaf = { kind: 'metadata' as const, key: foldText(key) };
  if (key.length > TEXT_MAX) throw tooLong(path);
  if (ORDERS.includes(test as never)) {
    if (typeof value === 'number') return { ...leaf, test: test as 'after', values: [value] };
    const number = numberOf(value);
    return { ...leaf, test: test as 'after', values: [number ?? timeText(value, path)] };
  }
  const values = test === 'in' ? listOf(value, path) : [value];
  for (const one of values) {
    if (!['string', 'number', 'boolean'].includes(typeof one))
      throw wrong(`${path} is ${show(one)}.`, 'Give a text, a number, true or false.');
  }
  if (textTest(test) !== 'is')
    return { ...leaf, test: textTest(test), values: textsOf(value, test, path).map(foldText) };
  return {
    ...leaf,
    test: 'is',
    values: (values as (string | number | boolean)[]).map((one) =>
      typeof one === 'string' ? foldText(checkedText(one, path)) : one,
    ),
  };
}

function sendOf(given: Given, place: string) {
  const { send_id, campaign } = given;
  return {
    ...(send_id !== undefined && {
      send_id: idOf(checkedText(send_id, `${place}.send_id`), `${place}.send_id`),
    }),
    ...(campaign !== undefined && { campaign: checkedText(campaign, `${place}.campaign`) }),
  };
}
