import { fold, wordsOf } from './fold.ts';

export type ColumnField =
  | 'name'
  | 'first_name'
  | 'middle_name'
  | 'last_name'
  | 'second_last_name'
  | 'email'
  | 'phone'
  | 'position'
  | 'company'
  | 'notes'
  | 'status'
  | 'origin'
  | 'country'
  | 'tags';

/** What a header says of its column. A lower rank is a better column of its field. */
export interface Known {
  readonly field: ColumnField;
  readonly rank: number;
  /** A word that means something else as often: only values decide. */
  readonly isWeak: boolean;
}

/**
 * Folded header names, the best first. A bar parts those that a file may hold side by side: mobiles before numbers that
 * may be any, those before what rings on a desk.
 */
const NAMES: Readonly<Record<ColumnField, string>> = {
  name:
    'fullname nombrecompleto nomecompleto nomcomplet nomecognome vollstandigername nombreyapellidos nombreyapellido ' +
    'nombresyapellidos nombreapellidos prenometnom namn name nombre nombres nome nom displayname contactname ' +
    'nombredelcontacto nombrecontacto nombredecontacto leadname customername clientname nombredelcliente nombrecliente ' +
    'cliente cliente client kunde kundenname ansprechpartner nominativo الاسم اسم الاسمالكامل имя фио полноеимя 姓名 名前 氏名 이름 ' +
    'ονομα שם ชื่อ 名字 お名前 naam volledigenaam nama namalengkap adsoyad adisoyadi imieinazwisko celejmeno hoten họvàtên nimi teljesnev nev ' +
    'navn fuldenavn fulltnavn numecomplet ονοματεπωνυμο שםמלא',
  first_name:
    'firstname fname first givenname forename primernombre nombredepila nombrepila primeironome prenombre firstnames ' +
    'vorname prenom fornamn voornaam imie الاسمالاول имяконтакта 名 ad adi isim jmeno ' +
    'krestnijmeno keresztnev etunimi fornavn namadepan prenume שםפרטי імя',
  middle_name: 'middlename segundonombre additionalname deuxiemeprenom zweitervorname',
  last_name:
    'lastname lname last surname familyname apellidos apellido sobrenome apellidopaterno primerapellido secondname ' +
    'nachname familienname nomdefamille cognome efternamn achternaam nazwisko اسمالعائلة фамилия 姓 ' +
    'soyad soyadi soyisim prijmeni priezvisko vezeteknev sukunimi etternavn namabelakang numedefamilie επωνυμο επιθετο שםמשפחה прізвище',
  second_last_name: 'segundoapellido apellidomaterno apellido2',
  email:
    'email emailaddress mail mailaddress correo correoelectronico correoe direcciondecorreo direcciondecorreoelectronico ' +
    'direccioncorreo emailprincipal primaryemail emailadresse mailadresse adresseemail adressemail courriel ' +
    'adressecourriel indirizzoemail postaelettronica epost epostadress emailid email1 emails email1value ' +
    'subscriber workemail contactemail personalemail eletronico correioeletronico enderecodeemail enderecoemail ' +
    'البريد البريدالالكتروني ايميل почта электроннаяпочта емейл 邮箱 电子邮件 メール メールアドレス 이메일 אימייל ' +
    'emailadres mailadres eposta epostaadresi adresemail alamatemail surel sahkoposti sahkopostiosoite emailcim adresaemail adresademail ' +
    'ηλεκτρονικηδιευθυνση อีเมล דואראלקטרוני пошта',
  phone:
    'whatsapp whatsappnumber numerodewhatsapp numerowhatsapp telefonowhatsapp celularwhatsapp whatsappphone wa ' +
    '| mobile mobilephone mobilenumber mobileno mobilephonenumber phonemobile cell cellphone cellphonenumber cellno ' +
    'cellular cel celular telefonocelular telefonecelular numerodecelular numerocelular movil telefonomovil telmovil ' +
    'numeromovil telemovel handy handynummer mobil mobiltelefon mobilnummer mobiltelephon mobiltelephone portable ' +
    'telephoneportable telportable mobiletelephone numerodeportable cellulare telefonocellulare numerocellulare sms ' +
    'الجوال الموبايل رقمالجوال мобильный мобильныйтелефон 手机 手机号 携帯 携帯電話 携帯番号 휴대폰 휴대폰번호 휴대전화 mobiel mobielnummer mobielenummer gsm ' +
    'gsmnummer ceptelefonu cep cepno cepnumarasi telefonkomorkowy komorka nohp nomorhp hp ponsel nomorponsel nomorwhatsapp nowhatsapp nowa ' +
    'mobilni mobilnitelefon matkapuhelin mobilszam κινητο κινητοτηλεφωνο didong sodidong טלפוןנייד נייד มือถือ мобільний ' +
    '| phone phonenumber phoneno telephone telephonenumber telephoneno telefono telefone numerodetelefono ' +
    'numerotelefono node telefononumero nodetelefono numerodetelefone numerodetelephone tel telf tlf tfno fone telefon ' +
    'telefonnummer telefonnr rufnummer telefoon primaryphone mainphone contactnumber contactno phone1 phone1value telefono1 ' +
    'phones telefonos contactphone msisdn textremindernumber remindernumber callbacknumber ' +
    'الهاتف رقمالهاتف هاتف телефон номертелефона 电话 电话号码 電話 電話番号 전화 전화번호 טלפון telefoonnummer telefoonnr ' +
    'telepon nomortelepon notelepon notelp nomortelefon telefonnumarasi telefonno numertelefonu telefonnicislo telefonszam puhelin puhelinnumero ' +
    'telefonnr telefoninumber numardetelefon τηλεφωνο sốđiệnthoại điệnthoại sdt โทรศัพท์ เบอร์โทร ' +
    '| homephone phonehome telefonocasa telefonodecasa privattelefon telefonprivat telephonedomicile otherphone phoneother phone2 ' +
    '| workphone phonework businessphone officephone telefonooficina telefonotrabajo telefongeschaftlich ' +
    'telefonarbeit telephonebureau telephonefixe fixe festnetz landline fijo telefonofijo carphone radiophone ' +
    'companyphone companymainphone directphone direct',
  position:
    'position jobtitle jobposition job puesto cargo role rol title occupation ocupacion profession profesion funcao ' +
    'organizationtitle organization1title beruf funktion poste fonction ruolo qualifica titel yrke المسمىالوظيفي должность 职位',
  company:
    'company companyname organization organisation organizationname organisationname organization1name business ' +
    'businessname account accountname companyaccount empresa compania nombredelaempresa nombreempresa nomedaempresa ' +
    'organizacion organizacao negocio razonsocial firma firmenname unternehmen societe entreprise raisonsociale ' +
    'azienda societa ragionesociale foretag bedrijf الشركة компания организация 公司 会社 会社名 회사 ' +
    'bedrijfsnaam sirket firmaadi perusahaan spolecnost ceg yritys virksomhed selskap εταιρεια congty חברה บริษัท компанія',
  notes:
    'notes note comments comment remarks description notas nota observaciones observacion comentarios comentario ' +
    'observacoes notizen notiz bemerkung bemerkungen kommentar remarques commentaire commentaires anteckningar ملاحظات заметки 备注',
  status:
    'status leadstatus stage leadstage estatus estado situacion etapa situacao estadodellead statut stato zustand',
  origin:
    'origin source leadsource origen fuente procedencia origem fonte fuentedellead origendellead herkunft quelle provenance kalla',
  country:
    'countrycode countryiso isocountry paiscodigo codigopais landercode landcode countryregion country pais land pays paese nazione ' +
    'landeskod bundesland dialcode dialingcode callingcode countrycallingcode phonecountrycode ladacode prefijo indicatif vorwahl cc ' +
    'البلد الدولة страна 国家 国 국가',
  tags: 'tags tag labels label etiquetas etiqueta categories groups group grupos schlagworter etiquettes etichette taggar membershipgroup',
};

/** A country's name of these is no country of a person: left to values. */
const WEAK = new Set([
  ...'numero number nummer no contact contacto contato kontakt lead wa sms subscriber client cliente kunde direct fijo fixe cc land first last account business direct mail portable handy cell'.split(
    ' ',
  ),
]);
const ALSO: readonly (readonly [string, ColumnField, number])[] = [
  ['numero', 'phone', 350],
  ['number', 'phone', 351],
  ['nummer', 'phone', 352],
  ['contact', 'name', 900],
  ['contacto', 'name', 901],
  ['contato', 'name', 902],
  ['kontakt', 'name', 903],
  ['lead', 'name', 904],
  ['useremail', 'email', 800],
];

const KNOWN = new Map<string, Known>();
for (const field of Object.keys(NAMES) as ColumnField[]) {
  for (const [tier, part] of NAMES[field].split('|').entries()) {
    // As headers are looked up: their letters taken apart, which changes those of Korean and Japanese.
    for (const [at, name] of part.trim().split(/\s+/).entries())
      if (!KNOWN.has(fold(name)))
        KNOWN.set(fold(name), { field, rank: tier * 100 + at, isWeak: WEAK.has(name) });
  }
}
for (const [name, field, rank] of ALSO) KNOWN.set(name, { field, rank, isWeak: field !== 'email' });

/** Whose column it is, or which of several: the rest of the header says what it holds. */
const WHOSE = new Set(
  (
    'invitee attendee customer client contact contacto contato lead guest buyer billing shipping recipient subscriber ' +
    'member patient student participant person primary main default address work personal home private business office ' +
    'other your value 1 2 3 4 the of de del du di his her first second the principal particular trabajo empresa ' +
    'cliente alumno paciente travail bureau domicile privat arbeit geschaftlich lavoro casa hem arbete ' +
    'facturacion envio rechnung lieferung registrant respondent applicant donor enter what is'
  ).split(' '),
);
/** People of the house that the file comes from, and numbers that nobody answers a message on. */
const OTHERS =
  /^(owner|owners|manager|managers|assistant|assistants|host|hosts|agent|agents|assignee|assigned|salesperson|rep|referrer|referred|spouse|emergency|organizer|organiser|creator|created|modified|updated|propietario|responsable|vendedor|asistente|gerente|besitzer|betreuer|proprietaire|commercial|sender|from|fax|pager|telex|tty|isdn|username|user|guests|consultant|advisor|callback|assistent|faxnummer|parent)$/;

/** @returns nothing for a header that names no field, and for people other than the one of the row. */
export function recognise(header: string): Known | undefined {
  const exact = KNOWN.get(fold(header));
  if (exact) return exact;
  const words = wordsOf(header);
  if (words.length < 2 || words.some((word) => OTHERS.test(word))) return undefined;
  const kept = words.filter((word) => !WHOSE.has(word));
  if (kept.length === words.length) return undefined;
  // "First Name (Billing)", "Customer First Name": what is said of the name is not taken for whose it is.
  for (const attempt of [words.filter((word) => !WHOSE.has(word) || word === 'first'), kept]) {
    const known = attempt.length === 0 ? undefined : KNOWN.get(attempt.join(''));
    if (!known) continue;
    const isDesk =
      known.field === 'phone' &&
      words.some((word) =>
        /^(work|business|office|trabajo|arbeit|travail|bureau|geschaftlich|lavoro|arbete)$/.test(word),
      );
    const isInvitee = words.some((word) => /^(invitee|attendee|registrant)$/.test(word));
    return {
      ...known,
      rank: isDesk ? 450 : known.rank + (isInvitee ? -1 : 50),
      isWeak: known.isWeak && !isInvitee,
    };
  }
  return undefined;
}

/** Whether a header speaks of people of the house: their contacts are nobody's in this file. */
export function isOfOthers(header: string): boolean {
  return wordsOf(header).some((word) => OTHERS.test(word));
}
