import { type ConsentReason, statusSign, yesOrNo } from './consent-words.ts';
import { bareLetters, fold, wordsOf } from './fold.ts';

export type Scope = 'email' | 'whatsapp' | 'all';
/** Somebody said no, or never said yes, by this cell. */
export interface Consent {
  readonly scope: Scope;
  readonly reason: ConsentReason;
  readonly column: string;
  readonly value: string;
  /** Of one that was a suppression elsewhere: where it came from, and when. */
  readonly origin?: { readonly source: string | null; readonly at?: string };
}
type Kind = 'refusal' | 'permission' | 'status' | 'reason';
export interface ConsentColumn {
  readonly index: number;
  readonly label: string;
  readonly kind: Kind;
  readonly scope: Scope;
  readonly reason: ConsentReason;
  /** About letters, and not about an order or a deal, by its header or by other words in it. */
  readonly isOfMail: boolean;
  /** What each value says, since there are few. */
  readonly seen: Map<string, Consent | null>;
}

/** Of folded names. */
const pattern = (source: string) => new RegExp(bareLetters(source));

const OF_EMAIL = /e?mail|correo|newsletter|courriel|boletin|rundbrief|epost|البريد|почт/;
const OF_PHONE = /sms|whatsapp|text(?!o)|mms/;
const NOT_CONSENT =
  /campaign|url|link|rate|donotcall|title|token|segment|template|count$|^total|numberof|terms|cookie|delivery|shipping|paid|payment|order|plan$|lastopen|lastclick|donottrack/;
const REFUSAL = pattern(
  'unsub|optout|optedout|optingout|blacklist|blocklist|blocked|suppress|donotcontact|donotemail|' +
    'donotmail|donotsms|donottext|donotmessage|donotsend|nocontact|dadodebaja|fechadebaja|fechabaja|' +
    'desuscri|desinscri|descadastr|abgemeldet|abmeld|austrag|gesperrt|werbesperre|desabonn|disiscri|' +
    'avregistrer|avprenumer|emaildisabled|disabledemail|bounced|bouncetime|bouncedate|hardbounce|' +
    'isbounce|invalidemail|cleaned|cleantime|complain|spamreport|reportedspam|markedspam|отпис|' +
    'الغاءالاشتراك|退订|配信停止|수신거부|nodeseacontacto|robinson|bajaemail|nepascontacter|nichtkontaktieren' +
    '|excludedfrom|exclusion|donotdisturb|^dnd$|widerspr|opposition|^oposic|derechodeoposic|optoupor|globallyineligible|marked.*asspam|' +
    '^(remove|removed|eliminar|quitar|excluir|entfernen|supprimer|rimuovere|verwijderen|bajas?|baixa|dnc)$|afgemeld|uitgeschreven|' +
    'listanegra|listenoire|schwarzeliste|listanera|zwartelijst|rebotad|cancelouinscri|inscricaocancel|cancelosuscri|' +
    '(no|nao|nepas|non)(enviar|envoyer|inviare|contatar|contattare|contactar)|bloquead|kontaktsperr|donotbulk|donotallow|' +
    'afmeldt|avmeldt|wypisan|rezygnac|odhlas|leiratkoz|dezabon|abonelikten|berhentiberlangganan|berhentilangganan|απεγγραφ|' +
    'διαγραφ|hủyđăngký|הסר|הוסר|取消订阅|黑名单|配信不要|ยกเลิกการรับ|ยกเลิกสมาชิก|відпис',
);
const PERMISSION = pattern(
  'optin|optedin|acceptsmarketing|accepts?(ed)?(email|sms|whatsapp|marketing|news)|' +
    'accepted(marketing|email)|consent|subscribed|subscriber$|newsletter|permission|gdpr|lgpd|dsgvo|rgpd|' +
    'allow(s|ed)?(email|sms|marketing|contact|whatsapp)|(email|sms|marketing|contact|whatsapp)allowed|' +
    '^can(email|mail|contact|sms|text|whatsapp|message)|(mail|contact|communication)preference|marketing(email|sms|contact|ok|allowed)?$|' +
    'emailmarketing|smsmarketing|suscrit|suscripcion|boletin|inscrit|einwillig|zustimmung|werbeerlaubnis|' +
    'abonne|abonnier|iscritto|samtycke|prenumer|' +
    'acept(a|o)(email|correo|marketing|publicidad|comunica|whatsapp|recibir|boletin)|aceita|autoriz|' +
    'подпис|согласие|موافقة|مشترك|订阅|同意' +
    '|(recibir|receber|recevoir|ricevere|receive).*(correo|mail|news|boletin|inform|promo|ofert|offre|offert|publici|comunica|whats|sms|lettre|novedad|update|marketing)|consenso|permiso|permesso|einverstand|可否|zgoda|zgody|toestemming|optinstatus|nieuwsbrief|izni|^izin$|onay|abone|berlangganan|persetujuan|' +
    'souhlas|suhlas|samtykke|suostumus|markkinointilupa|hozzajarulas|consimtamant|acordmarketing|' +
    'συγκαταθεσ|συναινεσ|đồngý|הסכמה|דיוור|メルマガ|配信|訂閱|同意|수신동의|수신여부|동의|ยินยอม|згод',
);
const STATUS = pattern(
  'status|estado|estatus|statut|stato|zustand|situacao|situacion|rsvp|attend|asist|approval|mailable|' +
    'статус|(subscri|mail|member|contact|list|marketing).*state$|подписк|الحالة|状态|stage|lifecycle' +
    '|^state$|durum|^stav$|^stare$|^tila$|allapot|statusz|κατασταση|trạngthái|סטטוס|配信状|配信ステータス|상태|สถานะ',
);
const MAILING = /mail|subscri|suscri|marketing|consent|optin|newsletter|list|permission/;
const PENDING = /pending|unconfirmed|awaiting/;
const OF_TIME = /^(time|timestamp|date|ip|source|method|on|at|fecha|data|datum|address|country)$/;

/** What a header says of consent; undefined: nothing. */
export function consentColumn(header: string, index: number, label: string): ConsentColumn | undefined {
  const name = fold(header);
  if (name === '' || (NOT_CONSENT.test(name) && !/excludedfrom/.test(name))) return undefined;
  const kind = kindOf(name, wordsOf(header).at(-1) ?? '');
  if (kind === undefined) return undefined;
  return {
    index,
    label,
    kind,
    scope: scopeOf(name, kind),
    reason: reasonOf(name),
    isOfMail: MAILING.test(name),
    seen: new Map(),
  };
}

function kindOf(name: string, lastWord: string): Kind | undefined {
  if (/(unsub|optout|bounce|clean|suppress).*(reason|other|cause|grund|motiv)|suppressions?$/.test(name))
    return 'reason';
  if (REFUSAL.test(name) && !/(bounces|complaints|unsubscribes)$/.test(name)) return 'refusal';
  // "Opt-in pending" says the contrary of an opt-in.
  if (PERMISSION.test(name) && PENDING.test(name)) return 'refusal';
  if (STATUS.test(name)) return 'status';
  if (PERMISSION.test(name) && !OF_TIME.test(lastWord)) return 'permission';
  return undefined;
}

function scopeOf(name: string, kind: Kind): Scope {
  const email = OF_EMAIL.test(name);
  const phone = OF_PHONE.test(name);
  if (email !== phone) return email ? 'email' : 'whatsapp';
  if (email) return 'all';
  // Words of mail programs alone: an address bounces, a number does not.
  if (
    /^(unsub|clean)(time|reason)|unsubreason|bounce|clean|marketing(contact)?status|marketingcontact/.test(
      name,
    )
  )
    return 'email';
  return kind === 'status' || kind === 'refusal' || kind === 'reason' || kind === 'permission'
    ? 'all'
    : 'all';
}

function reasonOf(name: string): ConsentReason {
  if (PENDING.test(name)) return 'not_opted_in';
  if (/bounce|clean|invalid/.test(name)) return 'bounced';
  if (/complain|spam|abuse/.test(name)) return 'complained';
  return /optout|optedout|excluded|ineligible|black|block|bloque|listanegra|listenoire|schwarzeliste|zwartelijst|donot|^dnc$|(no|nao|non|nepas)conta|robinson|sperr|kontaktieren/.test(
    name,
  )
    ? 'opted_out'
    : 'unsubscribed';
}

const MOST_SEEN = 500;

/** What a cell says; null: nothing against. */
export function readConsent(column: ConsentColumn, value: string): Consent | null {
  const seen = column.seen.get(value);
  if (seen !== undefined) return seen;
  const read = judge(column, value);
  if (column.seen.size < MOST_SEEN) column.seen.set(value, read);
  return read;
}

function judge(column: ConsentColumn, value: string): Consent | null {
  const said = (reason: ConsentReason, scope = column.scope): Consent => ({
    scope,
    reason,
    column: column.label,
    value: value.slice(0, 100),
  });
  const sign = statusSign(value);
  const answer = yesOrNo(value);
  if (column.kind === 'status') {
    if (!sign)
      return isPendingIn(column, value) || (answer === false && /rsvp|attend|asist/.test(fold(column.label)))
        ? said('not_opted_in')
        : null;
    if (sign.reason === 'not_opted_in' && /^(never|none)$/i.test(value)) return null;
    return said(sign.reason, sign.reason === 'bounced' && column.scope === 'all' ? 'email' : column.scope);
  }
  if (column.kind === 'permission') {
    if (sign) return said(sign.reason);
    return answer === false || isPendingIn(column, value) ? said('not_opted_in') : null;
  }
  if (
    answer === false ||
    /^(none|never|null|n\/?a|-+|\[\]|\{\}|subscribed|active|ok|allow|allowed|0+(\.0+)?|enabled|not (unsubscribed|bounced|opted[ -]out))$/i.test(
      value,
    )
  )
    return null;
  if (/^https?:/.test(value)) return null;
  if (sign) return sign.reason === 'not_opted_in' ? null : said(sign.reason);
  if (column.kind === 'reason')
    return /abuse|spam|complain/i.test(value)
      ? said('complained')
      : /bounce|invalid|reject/i.test(value)
        ? said('bounced')
        : said(column.reason);
  const only = fold(value);
  // Mautic writes the channel itself.
  if (only === 'email' || only === 'sms' || only === 'whatsapp')
    return said(column.reason, only === 'email' ? 'email' : 'whatsapp');
  // How often, and not whether.
  if (/^\d{1,4}$/.test(value) && answer === undefined)
    return column.reason === 'bounced' || column.reason === 'complained' ? null : said(column.reason);
  return said(column.reason);
}

/** Waiting for their own yes, or nobody asked them: where the column is about that, and not about an order or a deal. */
function isPendingIn(column: ConsentColumn, value: string): boolean {
  return (
    column.isOfMail &&
    /^(pending|pendiente|pendente|ausstehend|en attente|in attesa|inactive|inactivo|inativo|expired|cancell?ed|cancelad[oa]|inactiv[oa]|pausad[oa]|gekündigt|résilié|paused|not set|unset|not given|not granted|no permissions?( set)?)$/i.test(
      value,
    )
  );
}
