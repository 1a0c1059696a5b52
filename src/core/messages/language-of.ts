/** Small words that are frequent in one of the languages and rare or absent in the others. */
const WORDS: Readonly<Record<string, ReadonlySet<string>>> = sets({
  en: 'the and you your for with this that are have our from will not',
  es: 'el los las una usted tu su y para con esta este por más nuestra nuestro del hola gracias',
  pt: 'você não uma para com seu sua nossa nosso mais está os às olá obrigado obrigada pela pelo da do',
  fr: 'le les des vous votre vos nous notre une et avec pour cette sur dans est bonjour merci aux',
  de: 'der die das und sie ihr ihre wir mit für ist nicht ein eine auf den dem hallo unser unsere',
});
/** More of them for whoever has to know, and other languages: what is written in one of these is not in English. */
const MORE: Readonly<Record<string, ReadonlySet<string>>> = sets({
  en: 'we is it to of a in on hi hello dear thanks thank please get just can has now',
  es: 'de la que en un no te es mi al lo tus ya solo tienes estimado estimada aquí puedes desde hoy',
  pt: 'de a o que em um e no na te por só hoje você aqui pode oi desde nosso',
  fr: 'de la du un en je vous à ce au par pas plus ou bonjour chez jusqu',
  de: 'zu in von im am bis bei nur oder jetzt heute du dein deine dich auch',
  it: 'il gli della che per un una con non tuo tua suo ciao grazie abbiamo nostra nostro solo oggi sono dal alla',
  nl: 'het een van voor met uw jouw je wij niet deze dit op bij zijn hallo bedankt onze vandaag naar nog',
  tr: 've bir için bu ile siz sizin merhaba teşekkürler çok bugün kadar',
  id: 'dan yang untuk anda kami dengan ini di kamu halo terima kasih hari dapatkan',
  pl: 'i w na się do jest nie że dla twoje twój dziękujemy cześć oraz dziś',
});
/** A script in which one language is written above all. */
const SCRIPTS: readonly (readonly [RegExp, string])[] = [
  [/\p{Script=Hiragana}|\p{Script=Katakana}/u, 'ja'],
  [/\p{Script=Hangul}/u, 'ko'],
  [/\p{Script=Han}/u, 'zh_CN'],
  [/\p{Script=Thai}/u, 'th'],
  [/\p{Script=Hebrew}/u, 'he'],
  [/\p{Script=Greek}/u, 'el'],
  [/\p{Script=Devanagari}/u, 'hi'],
  [/\p{Script=Bengali}/u, 'bn'],
  [/\p{Script=Tamil}/u, 'ta'],
  [/[іїєґ]/iu, 'uk'],
  [/\p{Script=Cyrillic}/u, 'ru'],
  [/\p{Script=Arabic}/u, 'ar'],
];
const LOOKED_AT = 20_000;

/** The language that a message is written in, by its small words: one of `en`, `es`, `pt`, `fr`, `de`. */
export function languageOf(text: string): string {
  const [most] = hitsOf(wordsOf(text), WORDS);
  return most!.hits > 0 ? most!.language : 'en';
}

/** The same for whoever would rather ask than be wrong, in more languages; null: the text does not tell. */
export function detectLanguage(text: string): string | null {
  const words = wordsOf(text);
  const letters = text.slice(0, LOOKED_AT).match(/\p{L}/gu)?.length ?? 0;
  for (const [script, language] of SCRIPTS) {
    const hits = text.slice(0, LOOKED_AT).match(new RegExp(script.source, `${script.flags}g`))?.length ?? 0;
    // Of Ukrainian's own letters few are enough.
    if (hits * (language === 'uk' ? 50 : 3) > letters) return language;
  }
  const all = Object.fromEntries(
    Object.entries(MORE).map(([language, more]) => [
      language,
      new Set([...more, ...(WORDS[language] ?? [])]),
    ]),
  );
  const [most, next] = hitsOf(words, all);
  return most!.hits > next!.hits ? most!.language : null;
}

function wordsOf(text: string): string[] {
  return (
    text
      .slice(0, LOOKED_AT)
      .toLowerCase()
      .match(/\p{L}+/gu) ?? []
  );
}

/** The most first; of as many, in the order that they stand in. */
function hitsOf(words: readonly string[], known: Readonly<Record<string, ReadonlySet<string>>>) {
  return Object.entries(known)
    .map(([language, set]) => ({ language, hits: words.filter((word) => set.has(word)).length }))
    .sort((one, other) => other.hits - one.hits);
}

function sets(words: Readonly<Record<string, string>>): Record<string, ReadonlySet<string>> {
  return Object.fromEntries(
    Object.entries(words).map(([language, text]) => [language, new Set(text.split(' '))]),
  );
}
