const UNKNOWN_USER = /_5\.1\.|user unknown|unknown user|no such user|mailbox/i;
const NOT_LET_IN =
  /_5\.7\.|access denied|relay|authenticat|log ?in|not (permitted|allowed|authori[sz]ed)|client host/i;

/** What a refusal means when every recipient meets it, and the way out. */
export function ifEverybody(refusal: {
  readonly code: string;
  readonly message: string;
  readonly said?: string;
}): string {
  const said = `${refusal.code} ${refusal.message} ${refusal.said ?? ''}`;
  if (UNKNOWN_USER.test(said)) {
    return (
      'A server that knows nobody delivers for its own domains only, or has lost its list of users: ' +
      'let SMTP_URL name the relay for outgoing mail.'
    );
  }
  if (NOT_LET_IN.test(said)) {
    return (
      'The server does not let this sender in: put user and password into SMTP_URL, let the relay allow this ' +
      'machine, or use an EMAIL_FROM that it may send as.'
    );
  }
  return (
    'The server does not say why: mostly EMAIL_FROM, its domain or the address of this machine is blocked, or a ' +
    'login is missing in SMTP_URL.'
  );
}
