/** What the button says to us that our templates and their makers put under a message. */
export const OPT_OUT_PAYLOAD = 'tidings:optout';

/**
 * In the languages that people write to businesses in; each is a whole message, however it is cased and accented. Under ''
 * the words that people of many languages use.
 */
const STOP_BY_LANGUAGE: Readonly<Record<string, readonly string[]>> = {
  '': ['STOP', '停止'],
  en: [
    // As carriers and WhatsApp itself take them.
    ...['STOPALL', 'STOP ALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'OPTOUT', 'OPT-OUT'],
    ...['OPT OUT', 'REMOVE', 'STOP PROMOTIONS', 'STOP MARKETING'],
    // Sentences that mean nothing else.
    ...['unsubscribe me', 'remove me', 'opt me out', 'no more messages', 'stop messaging me'],
    ...['stop messages', 'stop sending me messages', 'do not contact me', "don't contact me"],
    ...["don't message me", 'leave me alone'],
  ],
  es: [
    ...['BAJA', 'SALIR', 'PARAR', 'ALTO', 'CANCELAR', 'DETENER', 'NO MAS', 'DARME DE BAJA'],
    ...['DETENER PROMOCIONES', 'dar de baja', 'dame de baja', 'denme de baja', 'quiero darme de baja'],
    ...['no quiero mas mensajes', 'no mas mensajes', 'no me envien mas mensajes', 'no me escriban mas'],
    'no me contacten',
  ],
  pt: [
    ...['SAIR', 'PARAR', 'CANCELAR', 'DESCADASTRAR', 'PARAR PROMOÇÕES', 'sair da lista'],
    ...['cancelar inscrição', 'não quero receber', 'não quero mais mensagens', 'não quero mais receber'],
  ],
  fr: [
    ...['ARRET', 'ARRÊTER', 'DESABONNER', 'désinscription', 'désabonnement', 'se désinscrire'],
    ...['me désabonner', 'désinscrire', 'plus de messages'],
  ],
  de: ['STOPP', 'ABMELDEN', 'abbestellen', 'abmeldung', 'keine nachrichten mehr'],
  it: ['FERMA', 'CANCELLA', 'ANNULLA', 'disiscrivimi', 'cancellami', 'stop messaggi'],
  nl: ['AFMELDEN'],
  id: ['BERHENTI'],
  tr: ['DUR', 'IPTAL', 'İPTAL'],
  ru: ['СТОП', 'отписаться', 'отпишите меня', 'отписка'],
  ar: ['توقف', 'إلغاء', 'إلغاء الاشتراك', 'إيقاف'],
  hi: ['रोकें', 'बंद'],
  pl: ['WYPISZ'],
  sv: ['AVSLUTA', 'AVREGISTRERA'],
  he: ['הסר'],
  zh: ['退订', '退訂', '取消订阅', '取消訂閱'],
  ja: ['配信停止'],
  ko: ['수신거부'],
};
const LANGUAGES = Object.entries(STOP_BY_LANGUAGE).map(([code, words]) => ({ code, words: words.map(fold) }));
const STOP = LANGUAGES.flatMap(({ words }) => words);
/** Countries whose people mean Portuguese by a word that is Spanish as well. */
const PORTUGUESE = /^\+(?:55|351|244|258|238|245|239|670)/;
/** Said before or behind such a word, which stays what it is: "stop, please". */
const POLITE = new RegExp(`^(?:${alternatives()}) (?=.)|(?<=.) (?:${alternatives()})$`, 'u');

function alternatives(): string {
  return [
    ...[
      'please',
      'pls',
      'plz',
      'thanks',
      'thank you',
      'por favor',
      'porfavor',
      'porfa',
      'gracias',
      'obrigado',
    ],
    ...[
      'obrigada',
      'bitte',
      'danke',
      'svp',
      "s'il vous plait",
      "s'il te plait",
      'merci',
      'per favore',
      'grazie',
    ],
    ...['alsjeblieft', 'пожалуйста', 'lutfen', 'tolong'],
  ].join('|');
}
const START = ['START', 'UNSTOP'].map(fold);
/** What many say in other conversations: it means "again" only as an answer to the stop before it. */
const AGAIN = ['YES'].map(fold);

/** Longer messages say more than one of these words. */
const LONGEST = 40;

/** What a whole message says about being written to; null: nothing. "Cancel my order" is no opt-out. */
export function readChoice(text: string): 'stop' | 'start' | 'again' | null {
  if (text.length > LONGEST) return null;
  const word = wordOf(text);
  if (STOP.includes(word)) return 'stop';
  if (START.includes(word)) return 'start';
  return AGAIN.includes(word) ? 'again' : null;
}

/** In which language somebody said no, as in `en`; empty: in none of its own, or by a button. */
export function languageOfStop(text: string, contact: string): string {
  const word = wordOf(text);
  const found = LANGUAGES.filter(({ words }) => words.includes(word)).map(({ code }) => code);
  return PORTUGUESE.test(contact) && found.includes('pt') ? 'pt' : (found[0] ?? '');
}

function wordOf(text: string): string {
  return fold(fold(text.replaceAll(',', ' ')).replace(POLITE, ''));
}

/**
 * Without case, the accents of Latin letters, Arabic vowel marks and what surrounds a word: quotes, stops, spaces, faces.
 * The vowel signs of Hindi stay, which are letters.
 */
function fold(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]|[\u064b-\u0652]|[\u200b-\u200f\u2060]|\ufe0f/g, '')
    .normalize('NFC')
    .replace(/^[^\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}]+$/gu, '')
    .replace(/\s+/g, ' ');
}
