import { TidingsError } from '../../../errors.ts';
import type { DkimConfig } from './dkim-settings.ts';

/** The `DKIM_` variables. @throws TidingsError `configuration` when they do not go together */
export function readDkim(get: (name: string) => string | null): DkimConfig | null {
  const [domain, selector] = [get('DKIM_DOMAIN'), get('DKIM_SELECTOR')];
  const [privateKey, privateKeyFile] = [get('DKIM_PRIVATE_KEY'), get('DKIM_PRIVATE_KEY_FILE')];
  const fix = 'Set one of DKIM_PRIVATE_KEY and DKIM_PRIVATE_KEY_FILE: `tidings dkim create` makes a key.';
  if (privateKey !== null && privateKeyFile !== null) {
    throw new TidingsError('configuration', 'DKIM_PRIVATE_KEY and DKIM_PRIVATE_KEY_FILE are both set.', {
      fix,
    });
  }
  if (privateKey !== null || privateKeyFile !== null)
    return { domain, selector: selector ?? 'tidings', privateKey, privateKeyFile };
  if (domain === null && selector === null) return null;
  const because = domain === null ? 'DKIM_SELECTOR' : 'DKIM_DOMAIN';
  throw new TidingsError('configuration', `${because} is set, but DKIM_PRIVATE_KEY is not.`, { fix });
}
