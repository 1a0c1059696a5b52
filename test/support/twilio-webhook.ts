import { createHmac } from 'node:crypto';

/** As Twilio signs a form that it posts to `address`. */
export function twilioSignature(
  address: string,
  form: Readonly<Record<string, string>>,
  authToken: string,
): string {
  const signed = Object.keys(form)
    .sort()
    .map((name) => name + form[name])
    .join('');
  return createHmac('sha1', authToken)
    .update(address + signed)
    .digest('base64');
}
