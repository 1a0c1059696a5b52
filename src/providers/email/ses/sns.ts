import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { isLoose, type Loose } from '../../loose.ts';

/** Fetches one address of Amazon's. @returns its text; rejects when there is none */
export type FetchText = (url: string) => Promise<string>;

const HOST = /^sns\.[a-z0-9-]{3,}\.amazonaws\.com(\.cn)?$/;
const SIGNED = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: [
    'Message',
    'MessageId',
    'SubscribeURL',
    'Timestamp',
    'Token',
    'TopicArn',
    'Type',
  ],
  UnsubscribeConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
} as const;
export type SnsType = keyof typeof SIGNED;

export interface SnsMessage {
  readonly type: SnsType;
  readonly messageId: string;
  readonly topicArn: string;
  readonly message: string;
  readonly timestamp: string;
  /** Of a confirmation. */
  readonly subscribeUrl: string | null;
}

/** Amazon's own address: over TLS, of SNS, and a certificate where one is asked for. Anything else is a stranger's. */
export function isSnsUrl(text: unknown, path: RegExp = /^\//): text is string {
  if (typeof text !== 'string' || !URL.canParse(text)) return false;
  const { protocol, hostname, port, username, password, pathname } = new URL(text);
  return (
    protocol === 'https:' &&
    port === '' &&
    username === '' &&
    password === '' &&
    HOST.test(hostname) &&
    path.test(pathname)
  );
}

/** Checks messages of SNS by the certificate that they name, of which a few are kept. */
export class SnsVerifier {
  readonly #fetchText: FetchText;
  readonly #keys = new Map<string, KeyObject>();

  constructor(fetchText: FetchText = fetchFromAmazon) {
    this.#fetchText = fetchText;
  }

  /**
   * That Amazon signed it. Anybody can have Amazon sign for a topic of theirs: the topic is for the caller to look at.
   * @param topicArns of no other topic a certificate is fetched
   * @returns null when it is not genuine
   * @throws when the certificate cannot be had just now: the message is to come again
   */
  async read(body: unknown, topicArns: readonly string[]): Promise<SnsMessage | null> {
    const message = isLoose(body) ? toMessage(body) : null;
    if (!message || !topicArns.includes(message.topicArn)) return null;
    const { Signature, SignatureVersion, SigningCertURL } = body as Loose;
    const algorithm = SignatureVersion === '1' ? 'RSA-SHA1' : SignatureVersion === '2' ? 'RSA-SHA256' : null;
    if (algorithm === null || typeof Signature !== 'string' || !isSnsUrl(SigningCertURL, /\.pem$/))
      return null;
    const key = await this.#keyAt(SigningCertURL);
    const names: readonly string[] = SIGNED[message.type];
    const signed = names
      .filter((name) => typeof (body as Loose)[name] === 'string')
      .map((name) => `${name}\n${(body as Loose)[name]}\n`)
      .join('');
    const isGenuine = verify(algorithm, Buffer.from(signed), key, Buffer.from(Signature, 'base64'));
    return isGenuine ? message : null;
  }

  async #keyAt(url: string): Promise<KeyObject> {
    const known = this.#keys.get(url);
    if (known) return known;
    const key = createPublicKey(await this.#fetchText(url));
    if (this.#keys.size >= MOST_KEYS) this.#keys.clear();
    this.#keys.set(url, key);
    return key;
  }
}

const MOST_KEYS = 20;
const TIMEOUT_MS = 10_000;
const MOST_LENGTH = 64 * 1024;

/** @throws when it does not answer with 200 within ten seconds, or would send us elsewhere */
export async function fetchFromAmazon(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.status !== 200) throw new Error(`SNS answered HTTP ${response.status}`);
  return (await response.text()).slice(0, MOST_LENGTH);
}

function toMessage(body: Loose): SnsMessage | null {
  const { Type, MessageId, TopicArn, Message, Timestamp, SubscribeURL } = body;
  if (typeof Type !== 'string' || !Object.hasOwn(SIGNED, Type)) return null;
  const texts = [MessageId, TopicArn, Message, Timestamp];
  if (!texts.every((one) => typeof one === 'string')) return null;
  const [messageId, topicArn, message, timestamp] = texts as [string, string, string, string];
  const subscribeUrl = typeof SubscribeURL === 'string' ? SubscribeURL : null;
  return { type: Type as SnsType, messageId, topicArn, message, timestamp, subscribeUrl };
}
