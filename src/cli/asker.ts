import { createInterface, type Interface } from 'node:readline';
import { Readable, Writable } from 'node:stream';
import { TidingsError } from '../errors.ts';
import { oneLine } from '../visible.ts';
import type { CliHost } from './host.ts';
import type { Question } from './init-questions.ts';

/** Asks on stderr and reads lines of stdin: of a person, who is asked again after a wrong answer, or of a pipe. */
export class Asker {
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  readonly #isTerminal: boolean;
  readonly #say: (text: string) => void;
  #isMuted = false;

  constructor(host: CliHost, say: (text: string) => void) {
    const input = host.stdin instanceof Readable ? host.stdin : Readable.from(host.stdin);
    this.#isTerminal = 'isTTY' in input && input.isTTY === true;
    this.#say = say;
    const output = new Writable({
      // What is typed is shown by readline, unless it is a secret.
      write: (text, _, done) => {
        if (!this.#isMuted) host.stderr.write(text);
        done();
      },
    });
    this.#reader = createInterface({ input, output, terminal: this.#isTerminal });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /**
   * @param problemWith what is wrong with an answer; null: nothing
   * @returns the answer, `''` where it may be left out and was
   * @throws TidingsError `invalid_argument` when nobody is there to answer, or a pipe gave a wrong answer
   */
  async ask(
    { name, text, isSecret = false, isNeeded = false }: Question,
    problemWith: (value: string) => string | null,
  ): Promise<string> {
    for (;;) {
      this.#say(`${text}\n  ${name}${isNeeded ? '' : ' (may be empty)'}: `);
      this.#isMuted = isSecret;
      const { value, done } = await this.#lines.next();
      this.#isMuted = false;
      if (isSecret || !this.#isTerminal) this.#say('\n');
      if (done)
        throw new TidingsError('invalid_argument', `Nobody answered for ${name}; nothing was written.`, {
          fix: 'Run tidings init in a terminal, or pipe an answer for each question into it, a line each.',
        });
      const given = value.trim();
      const problem = given === '' ? (isNeeded ? `${name} is needed.` : null) : problemWith(given);
      if (problem === null) return given;
      if (!this.#isTerminal)
        throw new TidingsError('invalid_argument', `${oneLine(problem)} Nothing was written.`);
      this.#say(`${oneLine(problem)}\n`);
    }
  }

  close(): void {
    this.#reader.close();
  }
}
