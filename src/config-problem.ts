import { readConfig } from './config.ts';
import { TidingsError } from './errors.ts';
import { parseEmailFrom, parseSmtpUrl } from './providers/email/smtp/settings.ts';

/** What is wrong with one variable of a set that is not complete yet; what others lack is no fault of it. null: nothing. */
export function problemWith(name: string, answers: Readonly<Record<string, string>>): string | null {
  const value = answers[name]!;
  if (/[\r\n]/.test(value) || (value.includes("'") && value.includes('"')))
    return 'It cannot hold both kinds of quotes, or a line break.';
  try {
    if (name === 'SMTP_URL') parseSmtpUrl(value);
    if (name === 'EMAIL_FROM') parseEmailFrom(value);
    // With a key, since a public address asks for one, which is made at the end.
    readConfig({ TIDINGS_API_KEY: 'k'.repeat(32), ...answers });
    return null;
  } catch (error) {
    if (!(error instanceof TidingsError)) throw error;
    return error.message.startsWith(name) && !error.message.includes('is set, but')
      ? `${error.message} ${error.fix ?? ''}`.trim()
      : null;
  }
}
