import { LIMITS, tooLarge } from './limits.ts';

/** The whole file: an archive is read from its end. @throws TidingsError `invalid_file` when it is too large */
export async function holdFile(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > LIMITS.fileBytes) throw tooLarge('The workbook', LIMITS.fileBytes);
    // A copy, since a source may reuse the buffer it gave.
    chunks.push(Uint8Array.from(chunk));
  }
  return Buffer.concat(chunks, size);
}
