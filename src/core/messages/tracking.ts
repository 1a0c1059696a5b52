import { TidingsError } from '../../errors.ts';

/** What can be counted of the readers of a message. */
export const TRACKABLE = ['clicks'] as const;

const MARK = /\{\{!\s*track\s+clicks\s*\}\}[ \t]*\r?\n?/giu;

/**
 * The message with what is to be counted of its readers: written into it, so that it is part of what is kept, confirmed and
 * compared.
 */
export function putTracking(message: string, tracking: readonly string[] | undefined): string {
  return tracking?.includes('clicks') ? `{{!track clicks}}\n${message}` : message;
}

/** Takes `{{!track clicks}}` out of a message. @throws TidingsError `invalid_argument` in plain text */
export function takeTracking(
  message: string,
  format: 'text' | 'html',
): { readonly message: string; readonly tracksClicks: boolean } {
  const rest = withoutTracking(message);
  const tracksClicks = rest !== message;
  if (tracksClicks && format === 'text')
    throw new TidingsError(
      'invalid_argument',
      'Clicks can be counted in HTML only: in plain text readers see the address.',
      {
        fix: 'Leave tracking out, or write HTML. Nothing was sent.',
      },
    );
  return { message: rest, tracksClicks };
}

/** It is the same text, whether its readers are counted or not. */
export function withoutTracking(message: string): string {
  return message.replace(MARK, '');
}
