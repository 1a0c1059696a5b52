import { lookThrough } from '../../core/audiences/field-counts.store.ts';
import { fieldKeys } from '../../core/messages/field-keys.ts';
import { isKnown, isUnsubscribeUrl, metadataKey, metadataText } from '../../core/messages/field-values.ts';
import { foreignTags } from '../../core/messages/foreign-tags.ts';
import { fieldPaths } from '../../core/messages/merge-text.ts';
import { type Message, mergeTextsOf } from '../../core/messages/message.ts';
import { TidingsError } from '../../errors.ts';
import type { Reader } from '../../ledger/ledger.ts';
import { suggestField } from './suggest-field.ts';

type Audience = Parameters<typeof lookThrough>[1];

/** `certain`: it cannot be right. Otherwise not everybody was looked at. */
interface Finding {
  readonly text: string;
  readonly isCertain: boolean;
}

const MOST_TOLD = 5;
const MOST_KEYS = 500;

/**
 * Whatever people would be surprised to read: fields that no lead can have, fields that no lead of the audience has, and
 * tags of other tools, which would arrive as they stand.
 * @returns what is worth a word all the same
 * @throws TidingsError `invalid_template`, unless it is meant (`allow_literal`)
 */
export async function checkText(
  reader: Reader,
  message: Message,
  audience: NonNullable<Audience>,
  isMeant: boolean,
): Promise<string[]> {
  const findings = await findFaults(reader, message, audience);
  const certain = findings.filter(({ isCertain }) => isCertain);
  if (certain.length === 0 || isMeant) return findings.map(({ text }) => text);
  const told = certain.slice(0, MOST_TOLD).map(({ text }) => text);
  if (certain.length > MOST_TOLD) told.push(`And ${certain.length - MOST_TOLD} more.`);
  throw new TidingsError('invalid_template', told.join(' '), {
    fix: (words) =>
      `Correct the text; ${words.operation('leads.fields')} lists what can be used. ` +
      `If it is meant like that, ${words.argument('allow_literal', true)} sends it. Nothing was sent.`,
  });
}

async function findFaults(
  reader: Reader,
  message: Message,
  audience: NonNullable<Audience>,
): Promise<Finding[]> {
  const texts = mergeTextsOf(message);
  const format = message.channel === 'email' ? message.format : 'text';
  const paths = unique(texts.flatMap(({ segments }) => fieldPaths(segments)));
  const hasLink = message.channel === 'email';
  const unknown = paths.filter((path) => !isKnown(path) || (isUnsubscribeUrl(path) && !hasLink));
  const tags = texts.flatMap((text, at) => foreignTags(text, at === 0 ? format : 'text'));
  const wanted = paths.flatMap((path) => metadataKey(path) ?? []).length > 0;
  if (unknown.length === 0 && tags.length === 0 && !wanted) return [];
  const keyPaths = paths.map(metadataKey).filter((path) => path !== null);
  const { missing, keys, isComplete } = await findKeys(
    reader,
    audience,
    keyPaths,
    unknown.length + tags.length > 0,
  );
  return [
    ...unknown.map((path) => noField(path.join('.'), keys)),
    ...tags.map(({ tag, name }): Finding => {
      const field = suggestField(name, keys);
      const hint = field === null ? 'fields look like {{lead.first_name}}' : `write {{${field}}}`;
      return {
        text: `${tag} is a tag of another tool and would arrive as it stands: ${hint}.`,
        isCertain: true,
      };
    }),
    ...missing.map((path) => noKey(path.join('.'), keys, isComplete)),
  ];
}

function noField(name: string, keys: readonly string[]): Finding {
  if (isUnsubscribeUrl([name])) return { text: `{{${name}}} is for emails only.`, isCertain: true };
  const field = suggestField(name, keys);
  const hint = field === null ? '.' : `; did you mean {{${field}}}?`;
  return { text: `{{${name}}} is no field that a lead can have${hint}`, isCertain: true };
}

function noKey(name: string, keys: readonly string[], isComplete: boolean): Finding {
  const field = suggestField(name, keys);
  const hint = field === null ? '.' : `; did you mean {{${field}}}?`;
  const who = isComplete ? 'No lead of this audience has' : 'None of the leads that were looked at has';
  return { text: `${who} {{lead.metadata.${name}}}${hint}`, isCertain: isComplete };
}

/** Stops as soon as each key was found with somebody; `needsKeys`: and some leads were seen, for what may be meant. */
async function findKeys(
  reader: Reader,
  audience: NonNullable<Audience>,
  wanted: readonly (readonly string[])[],
  needsKeys: boolean,
): Promise<{ missing: (readonly string[])[]; keys: string[]; isComplete: boolean }> {
  let missing = [...wanted];
  const keys = new Set<string>();
  const { isComplete } = await lookThrough(reader, audience, (rows) => {
    for (const { metadata } of rows) {
      if (metadata === '{}') continue;
      const values = JSON.parse(metadata) as Record<string, unknown>;
      missing = missing.filter((path) => metadataText(values, path) === null);
      if (missing.length === 0 && !needsKeys) return false;
      if (keys.size < MOST_KEYS) for (const key of fieldKeys(values)) keys.add(key);
    }
    return missing.length > 0;
  });
  return { missing, keys: [...keys], isComplete };
}

function unique(paths: readonly (readonly string[])[]): (readonly string[])[] {
  return [...new Map(paths.map((path) => [path.join('.'), path])).values()];
}
