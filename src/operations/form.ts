/** How the program that calls can ask its person: it shows a form, and calls again with what was answered. */
export interface Form {
  /** null: nobody was asked yet. */
  readonly answer: FormAnswer | null;
}

export interface FormAnswer {
  /** Which form it answers; null: the program did not say. */
  readonly state: string | null;
  readonly action: 'accept' | 'decline' | 'cancel';
  /** What was typed; undefined: nothing. */
  readonly recipients: unknown;
}

/** Thrown where a person has to be asked first: the door shows it, and calls again. Nothing was done. */
export class FormNeeded extends Error {
  /** By which the answer is known. */
  readonly state: string;

  constructor(text: string, state: string) {
    super(text);
    this.name = 'FormNeeded';
    this.state = state;
  }
}
