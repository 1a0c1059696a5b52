import { CLEAR_PHRASES } from './phrases/clear.ts';
import { byPhrase } from './phrases/phrase.ts';
import type { BounceMail } from './read-mail.ts';

/** Programs that give mail back write under such names. */
const SERVER_NAME =
  /mailer-?daemon|postmaster|mail[ ._-]?(?:er)?[ ._-]?(?:delivery|deliver|system|daemon|admin|router|server|service|security|master|gateway|sweeper|marshal)|maildelivery|\bdaemon|mdaemon|delivery[ ._-]?(?:sub)?system|(?:non)?delivery|mailsystem|system administrator|^<?root@|^<?bounces?[@+-]|undeliver|returned|mmdf|smtp|^<?(?:no-?reply|do-?not-?reply|admin(?:istrator)?|info|support|abuse|hostmaster|mail)@|administrator|メール配信|почтов/iu;

const BOUNCE_SUBJECT =
  /^(?:\[.{0,30}\] ?)?(?:\*+ ?)?(?:undeliver(?:able|ed)|mail ?undeliver|(?:un)?returned (?:mail|e-?mail|message|to sender|due)|return(?:ed|ing)? to sender|delivery (?:status )?(?:notification|notice|failure|failed|report|problem|error|status|has failed|to|unsuccessful)|(?:automated )?(?:non-?)?delivery (?:report|notice|receipt|message)|non[- ]?(?:delivery|deliverable|remis)|(?:e-?)?(?:mail|message|smtp|email|nachricht)[ :](?:.{0,30} )?(?:delivery|deliver|undeliver|returned|bounce|could not|not (?:be )?(?:deliver|sent)|system error|failure|failed|status|has been (?:delayed|returned|rejected)|error|rejected|was not|delayed)|failure notice|automatically rejected|warning: .{1,200}user unknown|failed(?: (?:mail|message|delivery|to deliver))?\b|failure\b|error sending|mail error|warning:? (?:message|could|mail|e-?mail|returned|delayed)|bounced?\b|could not (?:send|deliver)|unable to deliver|can(?:not|.t) (?:send|deliver|be)|user unknown|unknown (?:user|recipient|address)|(?:permanent|fatal|transient|temporary) (?:delivery )?(?:error|failure)|ndn\b|nondeliverable|undelivered|problem (?:delivering|with)|message (?:to|you sent|from)|mdaemon|quota|mailbox|no such|rejected|block(?:ed)?|delayed|your (?:message|mail|e-?mail)|rebotado|error de|fallo|mensaje (?:no|devuelto)|devoluci|no se (?:ha )?p[uo]|correo no|falha|erro |mensagem (?:não|devolvida)|notifica|não entregue|unzustellbar|nicht zustell|fehler|zustell|rücksendung|e-?mail(?:-zustellung)?.{0,20}(?:fehlgeschlagen|nicht)|échec|message non|non remis|rapport de|courrier|mancato|impossibile|recapito|consegna|onbestelbaar|niet (?:bezorg|afgelever)|niedostarczon|zwrot|nie można|недоставл|не доставл|ошибка|сообщение|kézbesít|doručen|olevererbart|oleverer|toimitta|teslim|配信|配達|送信|エラー|退信|系统退信|無法|无法|投递|投遞|未送达|반송|전송)/iu;

const BOUNCE_WORDS =
  /(?:could|can|was|were|has|have|had|did|were|is)(?:n.t|not| not)? (?:be |been |yet |able to )*(?:delivered|reach(?:ed)?|receive|be sent|delivery|deliver)|(?:un(?:able|successful)|fail(?:ed|ure|s)?|impossible|error(?:s)?|problem) .{0,30}\b(?:deliver|sent|send)|undeliver|not (?:been )?deliver|permanent (?:fatal )?error|deliver(?:y|ing).{0,40}(?:fail|error|problem|unsuccess|refus|abort|delay|suspend|warning)|returned (?:to sender|mail|message|to you|because)|is being returned|mail (?:system|delivery) |bounce|rejected (?:by|your|for|the|because)|fatal error|while talking to|did not reach|follow(?:ing)? (?:address|recipient)|this report relates to|unknown (?:user|recipient)|user unknown|nicht zugestellt|konnte nicht|zustellung|n'a pas (?:pu|été)|pas pu être|no (?:se )?(?:ha )?p(?:udo|odido)|no pudo|não (?:pôde|foi|pode)|non (?:è stato|può|ha potuto)|niet (?:worden|bezorgd|afgeleverd)|не (?:был|может|удалось)|nie (?:został|mogła|można)|配信でき|送信でき|お届け|配達|不能|无法|無法|退回|전송할/iu;

const DELAY_WORDS =
  /(?:has|have) (?:been|not been) delay|delivery (?:is |has been |temporarily )?(?:delayed|suspended|deferred)|not yet been delivered|not been delivered (?:yet|so far|(?:after|within|for) )|still (?:being )?(?:tr(?:y|ied)|in (?:the )?queue|awaiting|queued)|will (?:be (?:retried|tried|attempted)|continue|keep|retry|try)|warning message only|no action is required|do not need to resend|delivery attempts will|temporary (?:warning|notice)|transient non-fatal|verzögert|retardé|retrasad|wird weiter|has not yet|further attempts|you will be notified|reintent/iu;
const DELAY_SUBJECT =
  /delay|warning|deferred|verzöger|retard|retras|ritard|vertraging|still trying|transient|attente|遅延|延迟/iu;

const AWAY_SUBJECT =
  /(?:out of (?:the )?office|automatic reply|automatische antwort|r[ée]ponse automatique|respuesta automática|resposta automática|risposta automatica)|^\[?(?:(?:re|aw|auto|automatic(?:ally)?)[ :]*)?(?:out[- ]of[- ](?:the[- ])?office|auto(?:mat(?:ic|ed|isch|ische|ique|ico|ica|isk))?[- ]?(?:re(?:ply|sponse|spon[cs]e|plied|sponder|spuesta|sposta)|antwort|svar|vastaus|generated|response|ack)|automat(?:ic|ed|isch|ische|yczna|ische|ikus|ick).{0,20}(?:reply|response|antwort|antwoord|odpow|válasz|odpov)|autoreply|vacation|on (?:vacation|leave|holiday)|away (?:from|until|on)|i.?m (?:away|out|on)|i am (?:away|out|on|currently)|currently (?:out|away)|not in the office|ooo\b|abwesen|abwesend|nicht im büro|urlaub|r[ée]ponse automatique|absence|absent|en vacances|cong[ée]s|respuesta autom|fuera de (?:la )?oficina|ausen(?:te|cia)|vacaciones|ausência|fora do escrit|resposta autom|férias|risposta automatica|fuori (?:sede|ufficio)|assenza|afwezig|niet aanwezig|frånvaro|fravær|poissa|nieobecno|poza biurem|autoodpowied|автоответ|вне офиса|отсутств|自動(?:返信|応答)|不在|休暇|自动(?:回复|答复)|自動回覆|不在办公室|자동|부재|tatil|ofis dışı|mimo kancelář|thank you for (?:your|contacting)|we (?:have )?received your|ticket|case #|acknowledg)/iu;

/** Whether a program sends it, by its name or because nobody is to answer. */
export function isServer(mail: BounceMail): boolean {
  const names = [...mail.header('from'), ...mail.header('sender')];
  return (
    names.some((name) => SERVER_NAME.test(name) || SERVER_NAME.test(addressIn(name))) ||
    mail.header('return-path').some((path) => /^\s*(?:<>|<?mailer-daemon)/i.test(path)) ||
    mail.header('x-failed-recipients').length > 0
  );
}

function addressIn(from: string): string {
  return /[^\s<>"]+@[^\s<>"]+/.exec(from.slice(0, 1_000))?.[0] ?? '';
}

function subjectOf(mail: BounceMail): string {
  return (mail.header('subject')[0] ?? '').slice(0, 300).trim();
}

/**
 * Whether a mail in nobody's format says that another one came back. A server has to say so: a person who quotes "user
 * unknown", or passes a bounce on, is no bounce.
 */
export function saysBounced(mail: BounceMail): boolean {
  const signs = [BOUNCE_SUBJECT.test(subjectOf(mail)), BOUNCE_WORDS.test(mail.notice.slice(0, 6_000))];
  if (mail.header('x-failed-recipients').length > 0) return true;
  if (mail.header('return-path').some((path) => path.trim() === '<>')) {
    signs.push(byPhrase(mail.notice.slice(0, 600).replace(/\s+/g, ' '), CLEAR_PHRASES) !== null);
  }
  if (!isServer(mail)) return signs.every(Boolean) && mail.returned !== '';
  return signs.some(Boolean);
}

const AUTOREPLY_HEADERS = [
  ...[
    'x-autoreply',
    'x-autorespond',
    'x-autoresponse',
    'x-auto-reply',
    'x-autoresponder',
    'x-mail-autoreply',
  ],
  ...['x-autoreply-from', 'x-ms-exchange-inbox-rules-loop'],
];

/** RFC 3834, the headers that came before it, and what such mail is called in many languages. */
export function isAutoreply(mail: BounceMail): boolean {
  const said = (name: string) => (mail.header(name)[0] ?? '').trim().toLowerCase();
  return (
    said('auto-submitted').startsWith('auto-replied') ||
    /\bauto_?reply\b/.test(said('precedence')) ||
    said('x-autogenerated').startsWith('reply') ||
    AUTOREPLY_HEADERS.some((name) => !/^(?:no|false)?$/.test(said(name))) ||
    AWAY_SUBJECT.test(subjectOf(mail))
  );
}

/** Not yet, and it goes on trying. */
export function saysDelayed(mail: BounceMail): boolean {
  const { notice } = mail;
  const isOver = /given up|giving up|permanent(?:ly)?|no further|has been removed/i.test(
    notice.slice(0, 3_000),
  );
  if (DELAY_WORDS.test(notice.slice(0, 6_000))) return !isOver;
  return (
    DELAY_SUBJECT.test(subjectOf(mail)) && !isOver && /delay|queue|yet|retr/i.test(notice.slice(0, 3_000))
  );
}
