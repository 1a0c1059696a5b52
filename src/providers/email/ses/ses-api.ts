import { TidingsError } from '../../../errors.ts';
import type { Request } from '../../exchange.ts';
import { type EmailApi, idIn } from '../api/api-sender.ts';
import type { Answered, Refusal } from '../api/classify.ts';
import { ATTEMPT_HEADER, toTag } from '../api/mail.ts';
import { type ApiOptions, checkSecret, endpointOf } from '../api/settings.ts';
import { SES_ROWS } from './errors.ts';
import { type AwsKeys, signRequest } from './sign-request.ts';

export interface SesOptions extends ApiOptions {
  /** `AWS_REGION`, such as `eu-west-1`. */
  readonly region: string;
  /** `AWS_ACCESS_KEY_ID`. */
  readonly accessKeyId: string;
  /** `AWS_SECRET_ACCESS_KEY`. A secret. */
  readonly secretAccessKey: string;
  /** `AWS_SESSION_TOKEN`: of keys that do not last. A secret. */
  readonly sessionToken: string | null;
  /** `SES_CONFIGURATION_SET`: without one SES tells what becomes of messages by the identity alone, and without their tags. */
  readonly configurationSet: string | null;
}

/**
 * Email by Amazon SES (API v2), as whole messages. SES puts its own Message-ID and Date in, and signs with the domain (POST /v2/email/outbound-emails).
 * @throws TidingsError `configuration`, naming the variable and never a key.
 */
export function sesApi(options: Omit<SesOptions, 'ratePerSecond' | 'from'>): EmailApi {
  const { region, configurationSet } = options;
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region))
    throw new TidingsError('configuration', `AWS_REGION is "${region}", which is no region.`, {
      fix: 'Write it as eu-west-1: the region whose SES has the domain of EMAIL_FROM.',
    });
  const keys: AwsKeys = {
    accessKeyId: checkSecret('AWS_ACCESS_KEY_ID', options.accessKeyId),
    secretAccessKey: checkSecret('AWS_SECRET_ACCESS_KEY', options.secretAccessKey),
    sessionToken:
      options.sessionToken === null ? null : checkSecret('AWS_SESSION_TOKEN', options.sessionToken),
  };
  const endpoint = endpointOf(options, {
    variable: 'SES_API_URL',
    usual: `https://email.${region}.amazonaws.com`,
    secrets: [keys.secretAccessKey, keys.accessKeyId, ...(keys.sessionToken ? [keys.sessionToken] : [])],
  });
  const { host } = new URL(endpoint.origin);
  const signed = ({ method, path, body }: Request): Request => ({
    method,
    path,
    ...(body !== undefined && { body }),
    headers: signRequest({ method, path, host, body: body ?? '' }, keys, {
      region,
      service: 'ses',
      now: new Date(),
    }),
  });
  return {
    name: 'SES',
    prefix: 'ses',
    provider: 'email-ses',
    account: region,
    urlVariable: 'SES_API_URL',
    rows: SES_ROWS,
    endpoint,
    get: (path) => signed({ method: 'GET', path }),
    request(mail) {
      const raw = `${ATTEMPT_HEADER}: ${mail.attemptId}\r\n${mail.mime()}`;
      return signed({
        method: 'POST',
        path: '/v2/email/outbound-emails',
        body: JSON.stringify({
          Destination: { ToAddresses: [mail.to] },
          Content: { Raw: { Data: Buffer.from(raw).toString('base64') } },
          EmailTags: [{ Name: 'attempt_id', Value: toTag(mail.attemptId) }],
          ...(configurationSet !== null && { ConfigurationSetName: configurationSet }),
        }),
      });
    },
    accepted: (json) => idIn(json, 'MessageId'),
    refusal: refusalIn,
  };
}

/** The name of the error stands in a header, or in the body of errors that all services share. */
function refusalIn(json: unknown, { headers }: Answered): Refusal | null {
  const body = (json ?? {}) as { __type?: unknown; code?: unknown; message?: unknown; Message?: unknown };
  const named = headers['x-amzn-errortype'] ?? body.__type ?? body.code;
  if (typeof named !== 'string') return null;
  const code = named.split(':')[0]!.split('#').at(-1)!;
  return { code, words: String(body.message ?? body.Message ?? '') };
}
