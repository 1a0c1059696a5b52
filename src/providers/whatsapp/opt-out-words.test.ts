import { expect, it } from 'vitest';
import { readChoice } from './opt-out-words.ts';

it.each([
  ...['STOP', 'stop', ' Stop. ', 'STOP!!!', '"stop"', 'stop 🙏', 'Stop\n', 'ＳＴＯＰ', 'opt-out', 'Opt  out'],
  ...['baja', 'BAJA', 'No más', 'no mas', 'Salir', 'detener'],
  ...['sair', 'Descadastrar', 'arrêt', 'ARRET', 'désabonner', 'stopp', 'Abmelden', 'annulla', 'afmelden'],
  ...[
    'stop please',
    'Please stop',
    'STOP, thanks!',
    'Baja por favor',
    'stop svp',
    'Unsubscribe me',
    'remove me',
  ],
  ...[
    'no more messages',
    "Don't contact me",
    'Quiero darme de baja',
    'No quiero más mensajes',
    'Não quero receber',
  ],
  ...[
    'Keine Nachrichten mehr',
    'Désinscription',
    'отписаться',
    'إلغاء الاشتراك',
    '退订',
    '配信停止',
    '수신거부',
    'הסר',
  ],
  ...['berhenti', 'dur', 'iptal', 'İptal', 'стоп', 'توقف', 'إلغاء', 'रोकें', 'बंद'],
])('"%s" is an opt-out', (text) => {
  expect(readChoice(text)).toBe('stop');
});

it.each([
  ...['cancel my order', 'please stop by at five', 'endless', 'the end', 'no', 'no más pan, gracias', ''],
  ...[
    'please',
    'gracias',
    'please cancel my order',
    'stop sending the wrong size',
    'la planta baja',
    "don't stop",
  ],
  ...['बंदर', 'stop-motion', 'STOP '.repeat(20)],
])('"%s" is none', (text) => {
  expect(readChoice(text)).toBe(null);
});

it('starts again by START and UNSTOP; "yes" says so only as an answer', () => {
  expect([readChoice('start'), readChoice('Unstop'), readChoice('YES')]).toEqual(['start', 'start', 'again']);
});
