import { createHash, createHmac } from 'node:crypto';

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
}

export interface ToSign {
  readonly method: string;
  /** As it goes over the wire: the path, and no query. */
  readonly path: string;
  readonly host: string;
  readonly body: string;
  /** Further headers to be signed; names in small letters. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The headers that sign a request to AWS (Signature Version 4): `authorization` and `x-amz-date`, and the session's token
 * where there is one. Of POSIX paths and no query, which is all that SES is asked.
 */
export function signRequest(
  { method, path, host, body, headers = {} }: ToSign,
  { accessKeyId, secretAccessKey, sessionToken }: AwsKeys,
  { region, service, now }: { readonly region: string; readonly service: string; readonly now: Date },
): Record<string, string> {
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const date = time.slice(0, 8);
  const own = {
    'x-amz-date': time,
    ...(sessionToken !== null && { 'x-amz-security-token': sessionToken }),
  };
  const signed = Object.entries({ ...headers, ...own, host }).sort(([one], [other]) =>
    one < other ? -1 : 1,
  );
  const names = signed.map(([name]) => name).join(';');
  const canonical = [
    method,
    path,
    '',
    ...signed.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}`),
    '',
    names,
    sha256(body),
  ].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  const signature = hmac(key, toSign).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...own, authorization };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
