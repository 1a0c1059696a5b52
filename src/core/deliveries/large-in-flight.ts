/** Characters. A window of the sandbox holds 256 messages of this size. */
const SMALL = 128 * 1024;
/** Characters of larger messages at once, values included: in memory each of them is there two or three times. */
const MOST = 16_000_000;

/** The window in characters, for messages that are large: of 2 MB eight at once, and always one. */
export class LargeInFlight {
  #size = 0;

  /** For one transaction, which may be run again: what it claims is in flight when it is committed. */
  admission(): (size: number) => boolean {
    let size = this.#size;
    return (more) => {
      const counted = countedSize(more);
      if (counted > 0 && size > 0 && size + counted > MOST) return false;
      size += counted;
      return true;
    };
  }

  add(size: number): void {
    this.#size += countedSize(size);
  }

  remove(size: number): void {
    this.#size -= countedSize(size);
  }
}

function countedSize(size: number): number {
  return size > SMALL ? size : 0;
}
