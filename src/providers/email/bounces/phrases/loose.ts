import { any, near, type Row, SOMEBODY } from './phrase.ts';

/** Words that mean something in an answer of a server, and anything elsewhere. */
export const LOOSE_PHRASES: readonly Row[] = [
  ['networkerror', any('name (?:service|server) (?:error|reply)')],
  [
    'userunknown',
    near(
      SOMEBODY,
      '\\b(?:error|undeliverable|incorrect|mistyped|typo|retired|deceased|removed|could not be delivered)\\b',
      40,
    ),
    any(
      'not a user',
      'verify (?:the )?(?:recipient|address)|please check (?:the )?(?:recipient|address|e-?mail address)',
      'is not a (?:valid|known|user|customer|member|mailbox|deliverable)',
      'mail receiver',
      'this user',
    ),
  ],
  [
    'contenterror',
    any(
      '\\bmime\\b',
      '8-?bit|base64|charset|character set|encoding',
      'malformed|improper',
      'bare (?:lf|cr)',
      '\\battachment',
      'message (?:content|format|header|body)',
      'date header',
      'too many (?:headers|attachments|mime)',
      'content',
      'subject.{0,30}(?:reject|block|not allow|refus)',
      'message filtered',
    ),
  ],
  ['notcompliantrfc', any('rfc ?[2-9]\\d{2,3}', 'header.{0,30}(?:missing|invalid|multiple|duplicate)')],
  [
    'syntaxerror',
    any(
      'syntax error',
      'command (?:unrecogni[sz]ed|not (?:implemented|recogni[sz]ed))',
      'bad sequence',
      'parameter',
    ),
  ],
  [
    'filtered',
    near(
      '\\b(?:recipient|user|mailbox|addressee|customer)\\b',
      'refus|reject|does not (?:accept|want)|not accept|block|filter|declin|restrict|prefer|permission|only accept|white ?list|not allow',
      50,
    ),
    any('(?:rejected|refused) by (?:the )?(?:recipient|user)', 'white ?list', 'unavailable'),
  ],
  [
    'policyviolation',
    any(
      'polic(?:y|ies)',
      'security',
      'prohibit',
      'not (?:authori[sz]ed|permitted|allowed)',
      'forbidden|restrict|violat|disallow|unacceptable',
      'administrative',
      'rejected due to|rejected for|rejected by',
      'permission|NotAuthorized',
      '\\brules?\\b|\\bfilter',
      'considered|score',
    ),
  ],
  [
    'systemerror',
    any(
      'local (?:configuration|problem|error)',
      'system (?:error|failure|problem|config)',
      'internal (?:error|server)',
      'temporary (?:failure|problem|error|local)',
      'config(?:uration)? error|software error',
      'server (?:error|busy|problem|is busy|configuration)',
      'resources|out of memory',
      'unable to (?:process|verify)',
    ),
  ],
];
