import type { SuppressionReason } from '../../suppressions/suppression.ts';
import { fold } from './fold.ts';

export type ConsentReason = SuppressionReason;

/** What a word in a status column says. `isPlain`: it says so wherever it stands, also under a header nobody knows. */
export interface Sign {
  readonly reason: ConsentReason;
  readonly isPlain: boolean;
}

type Words = Partial<Record<ConsentReason, string>>;
const PLAIN: Words = {
  unsubscribed:
    'unsubscribed|dado de baja|dada de baja|desuscrito|desuscrita|descadastrado|descadastrada|desinscrito|desinscrita|' +
    'abgemeldet|ausgetragen|désabonné|désabonnée|désinscrit|désinscrite|disiscritto|disiscritta|avprenumererad|avregistrerad|' +
    'отписан|отписался|отписалась|退订|已退订|取消订阅|配信停止|수신거부|ألغى الاشتراك|ملغي الاشتراك|cancelled subscription|uitgeschreven|' +
    'afgemeld|afmeldt|avmeldt|baja voluntaria|baja definitiva|baja del boletín|wypisany|wypisana|wypisano|zrezygnował|zrezygnowała|odhlášen|odhlášena|odhlásený|leiratkozott|dezabonat|dezabonată|' +
    'abonelikten çıktı|abonelikten ayrıldı|abonelikten çıkmış|listeden çıktı|berhenti berlangganan|απεγγραφή|απεγγεγραμμένος|διαγραμμένος|' +
    'hủy đăng ký|đã hủy đăng ký|הוסר|הסיר|הוסר מרשימה|ביטל הרשמה|ยกเลิกการสมัคร|відписався|відписалась|cancelou inscrição|inscrição cancelada|' +
    'suscripción cancelada|購読解除|配信解除|配信拒否|受信拒否|取消訂閱|退訂',
  opted_out:
    'opted out|opt out|optout|do not contact|do not email|do not message|no contactar|não contatar|nicht kontaktieren|' +
    'ne pas contacter|non contattare|kontakta inte|blocklisted|blacklisted|block listed|user suppressed|suppressed|unsubscribed all|stop|global unsubscribe',
  bounced:
    'bounced|hard bounce|hard bounced|hardbounced|undeliverable|rebotado|rebotada|unzustellbar|nicht zustellbar|rimbalzato|mailbox does not exist',
  complained:
    'spam complaint|complained|marked as spam|reported as spam|reported spam|marcado como spam|abuse complaint',
  not_opted_in:
    'never subscribed|not subscribed|non subscribed|nonsubscribed|non-subscribed|not opted in|no consent|never opted in|no suscrito|não inscrito|nicht angemeldet|nicht abonniert|non abonné|non iscritto|未订阅|未訂閱|' +
    'brak zgody|geen toestemming|onay yok|izin yok|tidak berlangganan|bez souhlasu',
};
const IN_STATUS: Words = {
  unsubscribed:
    'unsub|unsubscribe|baja|de baja|cancelado por usuario|cancellato|removed|opted_out|left|désabonnement|abmeldung|' +
    'deleted|cancellato|cancellata|解除|停止|配信しない|ayrıldı|çıktı|abonelik iptal|odhlášení|rezygnacja|הסרה|삭제|해지',
  opted_out:
    'blocked|bloqueado|bloqueada|gesperrt|bloqué|bloquée|bloccato|blockerad|dnd|dnc|revoked|withdrawn|denied|заблокирован|أوقف|محظور|banned|blacklist|blocklist|objected|refused|' +
    'widerrufen|widerruf|révoqué|revocado|revocada|revogado|revocato|ingetrokken|negato|negado|verweigert|abgelehnt|refusé|ret|reddetti|engellendi|zablokowany|zablokowana|' +
    'diblokir|geblokkeerd|blokován|blokeret|blokkert|estetty|letiltva|blocat|bị chặn|חסום|拒否|拒绝|黑名单|거부|차단|ถูกบล็อก|заблокований',
  bounced:
    'cleaned|clean|bounce|rebote|devuelto|hard|invalid email|invalid|rejected|dropped|permanent bounce|retourné|' +
    'недоступен|недоступна|geri döndü|odbity|odbita|nieprawidłowy|ongeldig|neplatný|érvénytelen|无效|無効|エラー|반송|tidak valid',
  complained: 'complaint|spam|abuse|junk|spam report|queja|denuncia|reclamação|beschwerde|plainte|reported',
  not_opted_in:
    'unconfirmed|not confirmed|unverified|disabled|transactional|non-marketing contact|non marketing contact|non-marketing|no marketing|never|none|' +
    'not attending|not going|declined|won’t attend|no asiste|no asistirá|no va|não vai|nimmt nicht teil|ne participe pas|non partecipa|kommer inte|' +
    'pending confirmation|awaiting confirmation|sin confirmar|não confirmado|unbestätigt|non confirmé|non confermato|subscription pending|' +
    'niepotwierdzony|niepotwierdzona|onbevestigd|onaylanmadı|nepotvrzen|belum konfirmasi|未確認|未确认|미동의|미확인|希望しない|不要|不同意|tidak setuju',
};

function* entries(words: Words, isPlain: boolean): Generator<[string, Sign]> {
  for (const [reason, list] of Object.entries(words) as [ConsentReason, string][])
    for (const phrase of list.split('|')) yield [phrase, { reason, isPlain }];
}

const SIGNS = new Map(
  [...entries(IN_STATUS, false), ...entries(PLAIN, true)].map(([phrase, sign]) => [fold(phrase), sign]),
);

/** What a word says that stands in a column of statuses. */
export function statusSign(value: string): Sign | undefined {
  const word = fold(value);
  return SIGNS.get(word) ?? (LEFT.test(word) ? { reason: 'unsubscribed', isPlain: false } : undefined);
}

/** "Unsubscribed (by contact)", "Abgemeldet am 3.2.": what comes behind such a word changes nothing. */
const LEFT =
  /^(unsubscrib|desuscri|desinscri|descadastr|abgemeldet|disiscri|desabonn|dezabonat|afgemeld|uitgeschreven|afmeldt|avmeldt|wypisan|odhlasen|leiratkoz|abonelikten|отписа|退订|退訂|配信停止)/;

/** As such words are written by programs: looked up for each cell that nobody asked about, so without folding it. */
const WRITTEN = new Map<string, Sign>();
for (const [phrase, sign] of entries(PLAIN, true)) {
  if (phrase === 'stop' || phrase === 'suppressed') continue;
  for (const joined of [
    phrase,
    phrase.replaceAll(' ', '_'),
    phrase.replaceAll(' ', '-'),
    phrase.replaceAll(' ', ''),
  ]) {
    const capital = joined[0]!.toUpperCase() + joined.slice(1);
    const title = joined.replace(/(^|[ _-])(\p{Ll})/gu, (whole) => whole.toUpperCase());
    for (const written of [joined, capital, title, joined.toUpperCase()]) WRITTEN.set(written, sign);
  }
}
const LONGEST_WRITTEN = 30;
export function plainSign(value: string): Sign | undefined {
  return value.length > LONGEST_WRITTEN ? undefined : WRITTEN.get(value);
}

const YES = new Set(
  'yes y true t 1 x on si s sim ja j oui o vrai wahr verdadero verdadeiro vero da да истина نعم صحيح 是 はい 예 네 tak checked evet ya iya setuju onay ano kyllä igen ναι có כן так ใช่ 希望する 希望 可 同意 동의 granted given zgoda'
    .split(' ')
    .map(fold),
);
const NO = new Set(
  'no n false f 0 off non nein nao nej ne faux falsch falso нет ложь لا خطأ 否 いいえ 아니오 아니요 nie unchecked nee hayır hayir tidak nei ei nem nu οχι không לא ні ไม่ ไม่ใช่ 不可'
    .split(' ')
    .map(fold),
);

export function yesOrNo(value: string): boolean | undefined {
  if (/^[✓✔☑✅]/u.test(value)) return true;
  if (/^[✗✘❌☒]/u.test(value)) return false;
  const word = fold(value.replace(/\.0+$/, ''));
  return YES.has(word) ? true : NO.has(word) ? false : undefined;
}
