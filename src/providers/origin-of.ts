import { TidingsError } from '../errors.ts';
import { isLoopback } from './is-loopback.ts';

/** @throws TidingsError `configuration` when it is no address, or one where messages would travel in clear text. */
export function originOf(name: string, text: string, usual: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username || url.search)
    throw wrong(`${name} is no plain web address.`, `Leave it out for ${usual}.`);
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw wrong(
      `${name} is "${url.origin}": the token and every message would travel in clear text.`,
      `Write it with https://, or leave it out for ${usual}; http:// is for servers on this machine.`,
    );
  return url.origin;
}

function wrong(message: string, fix: string): TidingsError {
  return new TidingsError('configuration', message, { fix });
}
