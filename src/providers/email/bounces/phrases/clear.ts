import type { Row } from './phrase.ts';
import { ABOUT_RECIPIENT } from './recipient.ts';
import { ABOUT_SENDER } from './sender.ts';
import { ABOUT_MESSAGE_AND_WAY } from './way.ts';

/**
 * What servers write, and what they mean by it; the first that fits. What blames the sender comes first, for it often
 * names the recipient as well. These may be looked for in a whole mail.
 */
export const CLEAR_PHRASES: readonly Row[] = [...ABOUT_SENDER, ...ABOUT_RECIPIENT, ...ABOUT_MESSAGE_AND_WAY];
