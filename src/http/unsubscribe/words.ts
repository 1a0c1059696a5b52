/** What the page says in one language. `{who}` is the sender, `{to}` the masked address. */
export interface PageWords {
  readonly title: string;
  /** With and without an address that is known. */
  readonly ask: string;
  readonly askPlain: string;
  readonly everywhere: string;
  readonly button: string;
  readonly done: string;
  readonly doneMore: string;
  readonly undo: string;
  readonly undone: string;
  readonly undoneMore: string;
  readonly notUndone: string;
  readonly notUndoneMore: string;
  /** Where nobody said who sends. */
  readonly thisSender: string;
}

export const WORDS: Readonly<Record<string, PageWords>> = {
  en: {
    title: 'Unsubscribe',
    ask: 'Stop emails from {who} to {to}?',
    askPlain: 'Stop emails from {who}?',
    everywhere: 'Also stop messages over every other channel, such as WhatsApp',
    button: 'Unsubscribe',
    done: 'You are unsubscribed.',
    doneMore: 'You will get no more emails from {who}. One that is on its way already may still arrive.',
    undo: 'That was a mistake: undo it',
    undone: 'It is undone.',
    undoneMore: 'You will get emails from {who} as before.',
    notUndone: 'Nothing was changed.',
    notUndoneMore: 'This link has nothing to undo.',
    thisSender: 'this sender',
  },
  es: {
    title: 'Cancelar la suscripción',
    ask: '¿Dejar de recibir correos de {who} en {to}?',
    askPlain: '¿Dejar de recibir correos de {who}?',
    everywhere: 'Tampoco quiero mensajes por ningún otro canal, como WhatsApp',
    button: 'Cancelar la suscripción',
    done: 'Suscripción cancelada.',
    doneMore: 'No recibirá más correos de {who}. Puede que aún llegue alguno que ya esté en camino.',
    undo: 'Fue un error: deshacer',
    undone: 'Se ha deshecho.',
    undoneMore: 'Recibirá correos de {who} como antes.',
    notUndone: 'No se ha cambiado nada.',
    notUndoneMore: 'Este enlace no tiene nada que deshacer.',
    thisSender: 'este remitente',
  },
  pt: {
    title: 'Cancelar inscrição',
    ask: 'Deixar de receber e-mails de {who} em {to}?',
    askPlain: 'Deixar de receber e-mails de {who}?',
    everywhere: 'Também não quero mensagens por nenhum outro canal, como o WhatsApp',
    button: 'Cancelar inscrição',
    done: 'Inscrição cancelada.',
    doneMore: 'Você não receberá mais e-mails de {who}. Algum que já esteja a caminho ainda pode chegar.',
    undo: 'Foi um engano: desfazer',
    undone: 'Foi desfeito.',
    undoneMore: 'Você receberá e-mails de {who} como antes.',
    notUndone: 'Nada foi alterado.',
    notUndoneMore: 'Este link não tem nada a desfazer.',
    thisSender: 'este remetente',
  },
  fr: {
    title: 'Se désabonner',
    ask: 'Ne plus recevoir d’e-mails de {who} à l’adresse {to} ?',
    askPlain: 'Ne plus recevoir d’e-mails de {who} ?',
    everywhere: 'Ne plus recevoir de messages par aucun autre canal, comme WhatsApp',
    button: 'Se désabonner',
    done: 'Vous êtes désabonné.',
    doneMore: 'Vous ne recevrez plus d’e-mails de {who}. Un message déjà en route peut encore arriver.',
    undo: 'C’était une erreur : annuler',
    undone: 'C’est annulé.',
    undoneMore: 'Vous recevrez les e-mails de {who} comme avant.',
    notUndone: 'Rien n’a été modifié.',
    notUndoneMore: 'Ce lien n’a rien à annuler.',
    thisSender: 'cet expéditeur',
  },
  de: {
    title: 'Abmelden',
    ask: 'Keine E-Mails von {who} mehr an {to}?',
    askPlain: 'Keine E-Mails von {who} mehr?',
    everywhere: 'Auch keine Nachrichten über andere Wege wie WhatsApp',
    button: 'Abmelden',
    done: 'Sie sind abgemeldet.',
    doneMore: 'Sie bekommen keine E-Mails von {who} mehr. Eine, die schon unterwegs ist, kann noch ankommen.',
    undo: 'Das war ein Versehen: rückgängig machen',
    undone: 'Es ist rückgängig gemacht.',
    undoneMore: 'Sie bekommen E-Mails von {who} wie bisher.',
    notUndone: 'Es wurde nichts geändert.',
    notUndoneMore: 'Mit diesem Link ist nichts rückgängig zu machen.',
    thisSender: 'diesem Absender',
  },
};

/** The language of the page that a browser would rather have (RFC 9110, section 12.5.4); English where it knows none. */
export function chooseLanguage(acceptLanguage: string | undefined): string {
  const wanted = (acceptLanguage ?? '')
    .slice(0, 500)
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
      const given = parameters.find((one) => one.startsWith('q='));
      const weight = given === undefined ? 1 : Number(given.slice(2));
      return { language: tag.split('-')[0]!, weight: Number.isFinite(weight) ? weight : 0 };
    })
    .filter(({ language, weight }) => weight > 0 && Object.hasOwn(WORDS, language));
  // The sort is stable: what was named first stays first.
  return wanted.toSorted((one, other) => other.weight - one.weight)[0]?.language ?? 'en';
}
