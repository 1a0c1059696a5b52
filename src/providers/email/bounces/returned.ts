/** Lines that say: what comes now is the message that you sent. */
const MARKERS: readonly RegExp[] = [
  /^[\s>]*[-=_*#.~ ]{2,}\s*(below this line is|this is an? (exact )?(truncated )?copy|(the )?(original|unsent|returned|undelivered|undeliverable|bounced) (mail|message|e-?mail)\b|(original|returned|message) headers?\b|message header|message text|body of|header of|start of|begin(ning)? of|attachment is a copy|forwarded|non-?delivered|your (original )?(mail|message)\b|a copy of)/i,
  /^\s*(the )?original (message|mail|e-?mail|headers?)( headers?| text)? *(follows?|as received|below|is (below|following|attached|included|as follows)|:|-{2,}|$)/i,
  /^\s*(the )?(header|headers|text|body|contents?|first part|beginning) of (the|your) (original |returned |undelivered )?(message|mail|e-?mail)\b/i,
  /^\s*(a|the) (full |partial |truncated )?copy of (the|your) (original |undelivered |returned )?(message|mail|e-?mail)( header| headers)? *((is )?(below|follows|attached|included|appears)|this line|:|$)/i,
  /^\s*(your|the) (original |undelivered )?(message|mail|e-?mail)('s)? (headers? )?(follows|reads|was|is as follows|is included below|is attached below) *:? *$/i,
  /^\s*[-=_* ]{2,}\s*(mensaje original|message (d'origine|original)|mensagem original|messaggio originale|urspr(ü|u|ue)ngliche nachricht|originalnachricht|oorspronkelijk bericht|исходное сообщение|以下は|元のメッセージ|原始邮件|原信)/iu,
  /^\s*the following (is|was) the (original|returned|header|message)/i,
  /^\s*(message|mail) (contents|headers?|headers? follow|follows) *:? *$/i,
  /^\s*unsent message (below|follows)/i,
];

const HEADER_LINE = /^>? ?[A-Za-z][A-Za-z0-9-]{1,60}: ?/;
/** Only a message has these; "To:" and "Subject:" also stand in what a server says of it. */
const FIRST_OF_MESSAGE =
  /^>?(received|return-path|delivered-to|x-original-to|dkim-signature|domainkey-signature|message-id|mime-version|x-mailer|arc-seal):/i;

/** Servers say what they have to say before, and briefly. */
const MOST_TEXT = 100_000;
const MOST_LINES = 3_000;

/** What a server says, apart from the message that it gives back; of that only the header is kept. */
export function cutReturned(whole: string): { readonly notice: string; readonly returned: string } {
  const text = whole.slice(0, MOST_TEXT);
  const lines = text.split('\n', MOST_LINES);
  const at = lines.findIndex(
    (line, index) => index > 0 && line !== '' && (isMarker(line) || beginsMessage(lines, index)),
  );
  if (at < 0) return { notice: lines.join('\n'), returned: '' };
  const isHeader = FIRST_OF_MESSAGE.test(lines[at]!);
  return {
    notice: lines.slice(0, at).join('\n'),
    returned: headerIn(lines.slice(isHeader ? at : at + 1)),
  };
}

/** A run of spaces is one: several parts of a pattern take them, and would try every way to share a long one. */
function isMarker(line: string): boolean {
  const text = line.slice(0, 200).replace(/\s+/g, ' ');
  return text.length > 1 && MARKERS.some((marker) => marker.test(text));
}

function beginsMessage(lines: readonly string[], at: number): boolean {
  if (!FIRST_OF_MESSAGE.test(lines[at]!)) return false;
  // The one that looks like a header is followed by others, with lines that are folded in between.
  const next = lines.slice(at, at + 12);
  return next.filter((line) => HEADER_LINE.test(line)).length >= 3;
}

/** The first run of header lines in what follows the marker. */
function headerIn(lines: readonly string[]): string {
  const from = lines.findIndex((line) => HEADER_LINE.test(line));
  if (from < 0 || from > 20) return '';
  const rest = lines.slice(from, from + 300);
  const end = rest.findIndex((line) => line.replace(/[\s>]/g, '') === '');
  return (end < 0 ? rest : rest.slice(0, end)).map((line) => line.replace(/^>\s?/, '')).join('\n');
}
