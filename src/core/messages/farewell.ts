/** What whoever wrote STOP is told, once, and how they take it back. */
const FAREWELLS: Readonly<Record<string, readonly [told: string, back: string]>> = {
  en: ['You will get no more messages from us.', 'To get them again, write START.'],
  es: ['No recibirás más mensajes nuestros.', 'Para volver a recibirlos, escribe START.'],
  pt: ['Você não receberá mais as nossas mensagens.', 'Para voltar a recebê-las, escreva START.'],
  fr: ['Vous ne recevrez plus de messages de notre part.', 'Pour en recevoir à nouveau, écrivez START.'],
  de: ['Sie erhalten keine Nachrichten mehr von uns.', 'Um wieder welche zu erhalten, schreiben Sie START.'],
  it: ['Non riceverà più nostri messaggi.', 'Per riceverli di nuovo, scriva START.'],
  nl: ['U ontvangt geen berichten meer van ons.', 'Stuur START om ze weer te ontvangen.'],
  id: ['Anda tidak akan menerima pesan dari kami lagi.', 'Untuk menerimanya kembali, balas START.'],
  tr: ['Artık bizden mesaj almayacaksınız.', 'Yeniden almak için START yazın.'],
  ru: ['Вы больше не будете получать от нас сообщения.', 'Чтобы получать их снова, напишите START.'],
  ar: ['لن تصلك رسائل منا بعد الآن.', 'لتلقيها من جديد، أرسل START.'],
  hi: ['अब आपको हमसे कोई संदेश नहीं मिलेगा।', 'फिर से पाने के लिए START लिखें।'],
  pl: ['Nie będziemy już wysyłać do Ciebie wiadomości.', 'Aby znów je otrzymywać, napisz START.'],
  sv: ['Du får inga fler meddelanden från oss.', 'Skriv START för att få dem igen.'],
  he: ['לא נשלח לך הודעות נוספות.', 'כדי לקבל אותן שוב, כתבו START.'],
  zh: ['您将不再收到我们的消息。', '如需重新接收，请回复 START。'],
  ja: ['今後、当方からのメッセージは届きません。', '再度受け取るには START と返信してください。'],
  ko: ['더 이상 저희 메시지를 보내지 않습니다.', '다시 받으시려면 START라고 답장해 주세요.'],
};

/**
 * @param languages as in `pt_BR`; the first that there are words for, else English
 * @param isTakenBack whether START takes it back; not where somebody said no in another way before
 */
export function farewellIn(languages: readonly (string | null)[], isTakenBack: boolean): string {
  const known = languages.map((one) => FAREWELLS[one?.split(/[-_]/)[0]?.toLowerCase() ?? '']);
  const [told, back] = known.find((one) => one !== undefined) ?? FAREWELLS['en']!;
  return isTakenBack ? `${told} ${back}` : told;
}
