import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';
import { TidingsError } from '../../../errors.ts';
import { damaged, LIMITS, tooLarge } from './limits.ts';

/** The parts of a zip archive that is held, each read as a stream. Nothing is ever unpacked to a path. */
export class Archive {
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly fileBytes: number;

  private constructor(zip: ZipFile, entries: ReadonlyMap<string, Entry>, fileBytes: number) {
    this.#zip = zip;
    this.#entries = entries;
    this.fileBytes = fileBytes;
  }

  /** @throws TidingsError `invalid_file` */
  static async open(file: Buffer): Promise<Archive> {
    const entries = new Map<string, Entry>();
    let zip: ZipFile;
    try {
      zip = await fromBufferPromise(file);
      if (zip.entryCount > LIMITS.parts) throw new Error(`it says that it has ${zip.entryCount} parts`);
      for await (const entry of zip.eachEntry()) {
        const key = entry.fileName.toLowerCase();
        // Which of two would be read depends on the program: that is how one file shows two faces.
        if (entries.has(key)) throw new Error('one of its parts is there twice');
        entries.set(key, entry);
      }
    } catch (error) {
      throw file.subarray(0, 200).includes('\uFFFD') ? asText(error) : damaged(reasonOf(error), error);
    }
    return new Archive(zip, entries, file.length);
  }

  /** In small letters. */
  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  has(name: string): boolean {
    return this.#entries.has(name.toLowerCase());
  }

  /** Size as the archive tells it. */
  bytesOf(name: string): number {
    return this.#entries.get(name.toLowerCase())?.uncompressedSize ?? 0;
  }

  /**
   * What the part holds, unpacked as it is asked for.
   * @param what of it is told when it is too large
   * @throws TidingsError `invalid_file` when it is not there, larger than `limit`, or broken
   */
  async *read(name: string, limit: number, what: string): AsyncGenerator<Buffer> {
    const entry = this.#entries.get(name.toLowerCase());
    if (!entry) throw damaged(`${short(name)} is missing in it`);
    if (entry.uncompressedSize > limit) throw tooLarge(what, limit);
    try {
      // More than the entry tells is an error of yauzl: that is why its word can be taken.
      yield* (await this.#zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>;
    } catch (error) {
      throw damaged(reasonOf(error), error);
    }
  }
}

/** Whatever was no UTF-8 in it is lost. */
function asText(cause: unknown): TidingsError {
  return new TidingsError('invalid_file', 'The workbook was read as if it were text on its way here.', {
    fix: 'Give the file itself: tidings leads import FILE, or as the body of a request (curl --data-binary @FILE).',
    cause,
  });
}

const short = (name: string) => JSON.stringify(name.slice(0, 100));

/** The words of yauzl and zlib are for programmers, and may quote names of the file. */
function reasonOf(error: unknown): string {
  const words = error instanceof Error ? error.message : '';
  if (/encrypted/i.test(words)) return 'a part of it is locked with a password';
  if (/compression method/i.test(words)) return 'it is packed in a way that no spreadsheet program writes';
  if (/end of central directory|multi-disk/i.test(words)) return 'its end is missing';
  if (/relative path|absolute path|characters in fileName/i.test(words))
    return 'it names a part outside of itself';
  if (/it says|one of its parts/.test(words)) return words;
  return 'what is packed in it cannot be unpacked';
}
