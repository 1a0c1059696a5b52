/** `npm run cases -- leads`: every case file, what it must give, and how much of it is right. */
import { type Answer, answersOf, contactAnswers, expectedFiles } from '../test/support/lead-cases.ts';

if (process.argv[2] !== 'leads') {
  console.error('Which cases? npm run cases -- leads');
  process.exitCode = 2;
} else {
  const all: Answer[] = [];
  const show = (name: string, answers: readonly Answer[]) => {
    all.push(...answers);
    const right = answers.filter((answer) => answer.right).length;
    console.log(`${name.padEnd(36)} ${String(right).padStart(3)} of ${String(answers.length).padStart(3)}`);
    for (const { kind, of, want, got, right: isRight } of answers)
      if (!isRight)
        console.log(`    ${kind} of ${of}: ${JSON.stringify(got)}, and should be ${JSON.stringify(want)}`);
  };
  for (const file of Object.keys(expectedFiles)) show(file, await answersOf(file));
  show('contacts.json', contactAnswers());
  console.log('');
  for (const kind of new Set(all.map((answer) => answer.kind))) {
    const of = all.filter((answer) => answer.kind === kind);
    console.log(
      `${kind.padEnd(36)} ${String(of.filter(({ right }) => right).length).padStart(3)} of ${String(of.length).padStart(3)}`,
    );
  }
  const right = all.filter((answer) => answer.right).length;
  console.log(`${'score'.padEnd(36)} ${String(right).padStart(3)} of ${String(all.length).padStart(3)}`);
  process.exitCode = right === all.length ? 0 : 1;
}
