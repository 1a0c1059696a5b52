/**
 * Characters that move the cursor, set colours or titles (C0, DEL and C1 controls, of ECMA-48), that show text in
 * another order than it stands in (the bidirectional overrides and isolates of UAX #9), or that end a line unseen.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNSEEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** What leads, relays and callers wrote, for a terminal: line breaks stay, all else that is not seen is shown. */
export function visible(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(UNSEEN, picture);
}

/** The same on one line, where a line break would let a value pass for a line of ours. */
export function oneLine(text: string): string {
  return visible(text).replaceAll(/\s+/g, ' ');
}

/** For a document or log line: the same JSON, of characters that a terminal does nothing about. */
export function visibleJson(json: string): string {
  return json.replaceAll(UNSEEN, (character) => `\\u${codeOf(character)}`);
}

function picture(character: string): string {
  const code = character.charCodeAt(0);
  if (character === '\t') return ' ';
  // Unicode has pictures of the C0 controls and DEL: ␛ for ESC.
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? '␡' : `<U+${codeOf(character).toUpperCase()}>`;
}

function codeOf(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(4, '0');
}
