import { any, near, type Row } from './phrase.ts';

const SENDER = '\\b(?:sender|return[- ]path|envelope[- ]from|mail from|from (?:address|domain|header))\\b';
const REVERSE =
  'reverse[- ]?(?:dns|host ?name|lookup|address|mapping|resolution)|\\b(?:ptr|rdns|fcrdns)\\b|forward[- ]confirmed';

/** What is said of whoever sends. */
export const ABOUT_SENDER: readonly Row[] = [
  // Exchange Online says so at its edge, where the directory does not have the recipient.
  ['userunknown', /5\.4\.1.{0,120}recipient address rejected: access denied/iu],
  // A group that hears its own members only: what the recipient wants, whoever sends.
  ['filtered', any('resolver\\.rst\\.(?!\\w*sizelimit)|delivery restriction check failed')],
  [
    'rejected',
    near(
      SENDER,
      'reject|invalid|\\bunknown|not found|not exist|verif(?:y|ication) fail|denied|blocked|refused|not (?:allowed|permitted|valid|authorized|accepted)|unacceptable|no (?:mx|such)|doesn.t exist|does not resolve',
      30,
    ),
    any(
      '(?:invalid|unknown|bad|unverified|unresolvable|illegal|forged) (?:sender|return path|envelope sender|from (?:address|domain))',
      'domain of sender address',
      'verify (?:the )?sender',
      'sender verif',
      'callout verification|call-?back setup failed',
      'you are not allowed to (?:send|connect)',
    ),
  ],
  [
    'authfailure',
    near(
      '\\b(?:spf|dkim|dmarc|sender ?id|domainkeys?)\\b',
      'fail|not pass|did ?n.t pass|invalid|reject|require|align|polic|check|verif|none|record|unauthori[sz]ed|permerror|bad|missing|not (?:allowed|permitted|authori[sz]ed)',
      70,
    ),
    near('fail|violat|reject|due to|because of|according to', '\\b(?:spf|dkim|dmarc|domainkeys?)\\b', 50),
    any(
      'unauthenticated (?:e-?mail|messages?|sender)',
      'sender policy framework',
      'not (?:accepted|authorized) due to domain.s',
      'does ?n.t meet the required authentication',
    ),
  ],
  [
    'requireptr',
    near(
      REVERSE,
      'fail|not|no\\b|missing|without|require|mismatch|invalid|does|unknown|bad|generic|must|reject',
      70,
    ),
    near('\\bno\\b|not have|lacks?|without|missing|find|resolve|invalid|must have|need', REVERSE, 40),
    any(
      'dynamic(?:ally)?[- ](?:assigned )?ip',
      'generic (?:hostname|rdns)',
      'ip name lookup failed',
      'residential ip',
    ),
  ],
  [
    'badreputation',
    any(
      '(?:bad|poor|low|ip|domain|sender|due to|your) reputation',
      'reputation (?:is|of|block|too|score|filter|service)',
      'sender ?score',
    ),
  ],
  [
    'blocked',
    any(
      '(?:black|block|deny|real-?time black)[- ]?(?:hole)?[- ]?list',
      '\\b(?:rbl|dnsbl|uribl|surbl|spamhaus|spam ?cop|sorbs|uceprotect|abuseat|invaluement|mailspike|njabl|ordb|barracudacentral|senderbase|blackholes|ahbl|mxrate|trustedsource|psbl|ivmsip|manitu)\\b',
      '(?<!not )\\blisted (?:in|at|on|by) ',
      '\\bbanned (?:ip|host|sender|from|by|for)\\b|(?:is|been) banned',
      'complaints',
      'no longer accept(?:s|ing)? mail from',
      'weren.t sent.{0,120}(?:isp|internet service provider|network)',
      'not accepting (?:mail|connections|messages) from',
      'blocked for (?:abuse|spam)',
    ),
  ],
  [
    'norelaying',
    near(
      '\\brelay(?:ing|ed)?\\b',
      'denied|not (?:permitted|allowed|authori[sz]ed|supported|enabled)|prohibit|disabled|refused|rejected|forbidden|attempt|restricted|prevent',
      60,
    ),
    any(
      '(?:unable|not (?:permitted|allowed|authori[sz]ed)|cannot|can ?not|won.t|will not|refuse) (?:to )?relay',
      '(?:do not|don.t|does ?n.t|does not|no|not an open|open) relay',
      'not a relay|as a relay',
      'rcpthosts',
      'must authenticate|authentication (?:is )?required|smtp auth',
      'not a gateway',
      'domain is(?:n.t| not) in my list',
      'does(?: not|n.t) (?:handle|accept) mail for (?:that|this|the) domain',
    ),
  ],
];
