/** A phone as it stands in a cell, brought to what a numbering plan can read; or why it is none. */
export type CleanPhone =
  | { readonly ok: true; readonly text: string; readonly label?: string }
  | { readonly ok: false; readonly reason: string };

/** A link or a label with a number; more is a text. */
const LONGEST = 200;

/** Most cells: digits, and what people put between them. */
const PLAIN = /^\+?[\d ().-]+$/;
const NAMED =
  /^(?:p|z|tel|sips?|callto|whats ?app|wa|phone|mobile|cell|cel|movil|móvil|celular|handy|mobil|sms|t|m|h|w)[\s:=.]+/iu;
/** A few words and a colon, as address books write before a number. */
const LABEL = /^([\p{L}][\p{L} .()/_-]{0,24}):\s*/u;
const LINK =
  /^(?:https?:\/\/)?(?:www\.)?(?:wa\.me\/|(?:api|web)\.whatsapp\.com\/send\/?\?(?:.*&)?phone=)\+?(\d+)/i;
const APP_LINK = /^whatsapp:\/\/send\/?\?(?:.*&)?phone=\+?(\d+)/i;
const ACCOUNT = /^(\d+)(?::\d+)?@(?:c\.us|s\.whatsapp\.net)$/i;
const EXTENSION =
  /[\s,;]*(?:(?:ext(?:ension|ensión|\.)?|extn|int(?:erno)?|ramal|anexo|poste|durchwahl|dw|ankn|доб)[.:=\s]*|(?<=[\d\s])x[.\s]*|;ext=)\d{1,7}$/iu;
const NOTE = /\s*[([]\s*\p{L}[\p{L} .-]*[)\]]$/u;
const FAX = /\b(fax|telefax|pager)\b/i;
const SHORTENED = /^\+?(\d)(?:[.,](\d+))?e\+?(\d{1,2})$/i;
const VANITY = /^[+\d\s().-]*\d{3}[\s.-]*[A-Z]{4,10}$/;
const KEYPAD = ['ABC', 'DEF', 'GHI', 'JKL', 'MNO', 'PQRS', 'TUV', 'WXYZ'];

export function cleanPhone(raw: string): CleanPhone {
  if (raw.length > LONGEST) return bad('it is too long');
  if (PLAIN.test(raw)) return decimal(raw.trim());
  let text = raw
    .normalize('NFKC')
    .replace(/\p{Cf}+/gu, '')
    .trim();
  text = text
    .replace(/^="?(.*?)"?$/, '$1')
    .replace(/^['’`]/, '')
    .replace(/^"(.*)"$/, '$1')
    .trim();
  const account = LINK.exec(text) ?? APP_LINK.exec(text) ?? ACCOUNT.exec(text);
  if (account) return { ok: true, text: `+${account[1]!}` };
  const shortened = SHORTENED.exec(text);
  if (shortened) return lengthen(text, shortened);
  if (FAX.test(text)) return bad('it is the number of a fax or pager');
  const label = LABEL.exec(text)?.[1];
  text = text.replace(NAMED, '').replace(LABEL, '').replace(NAMED, '');
  text = text
    .replace(/@[\w.-]+$/, '')
    .replace(NOTE, '')
    .replace(EXTENSION, '')
    .replace(/[.,;:\s]+$/, '')
    // Every kind of dash, and digits of every script, are read alike.
    .replace(/[\p{Pd}−]/gu, '-');
  if (VANITY.test(text)) text = text.replace(/[A-Z]/g, (letter) => String(keyOf(letter)));
  if (/\p{L}/u.test(text)) return bad('there are letters in it; give one number without an extension');
  if (text.includes('#')) return bad('there is an extension in it; give the number alone');
  return { ...decimal(text), ...(label && { label }) };
}

/** `4155550115.0`: a spreadsheet took the phone for a number. */
function decimal(text: string): CleanPhone {
  return { ok: true, text: /^\+?\d{7,}\.0+$/.test(text) ? text.replace(/\.0+$/, '') : text };
}

/** `5.25555550118E+11` still has all its digits; `5.25E+11` has not. */
function lengthen(text: string, [, first, rest = '', exponent]: RegExpExecArray): CleanPhone {
  const digits = `${first}${rest}`;
  if (digits.length === Number(exponent) + 1) return { ok: true, text: digits };
  return bad(
    `a spreadsheet has shortened this number (${text}) and its digits are lost: format the column as text there and save the file again`,
  );
}

function keyOf(letter: string): number {
  return 2 + KEYPAD.findIndex((letters) => letters.includes(letter));
}

function bad(reason: string): CleanPhone {
  return { ok: false, reason };
}
