import { type Names, tagsOf } from './names.ts';

/** What receivers find when they ask how to treat mail of a domain (RFC 9989). */
export interface DmarcReading {
  /** Under which all of the owner's domains stand; the domain itself where no record says. */
  readonly organization: string;
  /** Where the record that counts was found, as `_dmarc.example.com`; null: nowhere. */
  readonly at: string | null;
  readonly tags: ReadonlyMap<string, string>;
  /** `none`, `quarantine` or `reject`, for this domain. */
  readonly policy: string;
  /** Names with more than one record, which receivers pass over. */
  readonly doubled: readonly string[];
}

/** A name is asked about at most so often (section 4.10). */
const MOST_QUERIES = 8;

/** @returns null when a name server did not answer */
export async function readDmarc(domain: string, names: Names): Promise<DmarcReading | null> {
  const steps = stepsOf(domain.toLowerCase());
  const answers = await Promise.all(steps.map((step) => names.texts(`_dmarc.${step}`)));
  const found: { name: string; tags: Map<string, string> }[] = [];
  const doubled: string[] = [];
  for (const [at, texts] of answers.entries()) {
    if (texts === null) return null;
    const records = texts.filter((text) => /^v\s*=\s*DMARC1\s*(?:;|$)/.test(text.trim()));
    if (records.length > 1) doubled.push(`_dmarc.${steps[at]}`);
    if (records.length === 1) found.push({ name: steps[at]!, tags: tagsOf(records[0]!) });
  }
  const organization = organizationOf(domain.toLowerCase(), found);
  const counts =
    found.find(({ name }) => name === domain.toLowerCase()) ??
    found.find(({ name }) => name === organization) ??
    found.find(({ tags }) => tags.get('psd') === 'y');
  const tags = counts?.tags ?? new Map<string, string>();
  const isOwn = counts?.name === domain.toLowerCase();
  return {
    organization,
    at: counts ? `_dmarc.${counts.name}` : null,
    tags,
    policy: (isOwn ? tags.get('p') : (tags.get('sp') ?? tags.get('p'))) ?? 'none',
    doubled,
  };
}

/** The domain, and what is above it; of a long one the last seven labels and what is above. */
function stepsOf(domain: string): string[] {
  const labels = domain.split('.');
  const steps = [domain];
  for (let left = Math.min(labels.length - 1, MOST_QUERIES - 1); left > 0; left--)
    steps.push(labels.slice(-left).join('.'));
  return steps;
}

function organizationOf(
  domain: string,
  found: readonly { name: string; tags: ReadonlyMap<string, string> }[],
): string {
  let organization = domain;
  for (const { name, tags } of found) {
    if (tags.get('psd') === 'n') return name;
    if (tags.get('psd') === 'y') {
      if (name === domain) return domain;
      return domain
        .split('.')
        .slice(-(name.split('.').length + 1))
        .join('.');
    }
    organization = name;
  }
  return organization;
}
