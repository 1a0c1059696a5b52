import { TextDecoder } from 'node:util';
import { Parser } from 'htmlparser2';
import { damaged, LIMITS } from './limits.ts';

export interface XmlHandler {
  /** Names are without their prefix: producers choose those freely, and Strict has other namespaces. */
  open(name: string, attributes: Readonly<Record<string, string>>): void;
  text?(text: string): void;
  close?(name: string): void;
}

/**
 * Reads the XML of a part, piece by piece: after each, whatever the handler gathered can be taken. There are no entities
 * but the five of XML and numbers, and nothing is ever fetched: what declares a document type is refused.
 * @throws TidingsError `invalid_file`
 */
export async function* readXml(bytes: AsyncIterable<Buffer>, handler: XmlHandler): AsyncGenerator<void> {
  let depth = 0;
  let rootIsWhole = false;
  let isOver = false;
  let since = 0;
  let decoder: TextDecoder | undefined;
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        since = 0;
        if (++depth > LIMITS.depth) throw damaged('its XML is nested too deep');
        handler.open(localName(name), attributes);
      },
      ontext(text) {
        since = 0;
        handler.text?.(text);
      },
      onclosetag(name) {
        // What is still open at the end is closed by the parser.
        if (isOver) return;
        since = 0;
        depth -= 1;
        if (depth === 0) rootIsWhole = true;
        handler.close?.(localName(name));
      },
      onprocessinginstruction(name) {
        if (name.toLowerCase() === '!doctype') throw damaged('its XML declares a document type');
      },
    },
    { xmlMode: true },
  );
  for await (const chunk of bytes) {
    decoder ??= new TextDecoder(encodingOf(chunk));
    since += chunk.length;
    parser.write(decoder.decode(chunk, { stream: true }));
    if (since > LIMITS.pieceBytes) throw damaged('a tag of its XML has no end');
    yield;
  }
  isOver = true;
  parser.end();
  if (!rootIsWhole) throw damaged('a part of it ends in the middle');
}

/** The whole of a small part. */
export async function readWholeXml(bytes: AsyncIterable<Buffer>, handler: XmlHandler): Promise<void> {
  for await (const _ of readXml(bytes, handler));
}

export function localName(name: string): string {
  const at = name.indexOf(':');
  return at < 0 ? name : name.slice(at + 1);
}

/** By the byte order mark, else by what `<?` looks like, else by what it declares. */
function encodingOf(head: Buffer): string {
  const [first, second] = head;
  if ((first === 0xff && second === 0xfe) || (first === 0x3c && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c)) return 'utf-16be';
  const declared = /^(?:\xef\xbb\xbf)?<\?xml[^>]{0,100}encoding=["']([\w-]{1,40})["']/.exec(
    head.toString('latin1', 0, 200),
  )?.[1];
  if (declared === undefined || /^utf-?16/i.test(declared)) return 'utf-8';
  try {
    return new TextDecoder(declared).encoding;
  } catch {
    throw damaged(`its XML is in the encoding ${declared}, which is not known`);
  }
}
