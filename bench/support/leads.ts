import { Readable } from 'node:stream';

const FIRST = ['Ana', 'Luis', 'María', 'José', 'Sofía', 'Jorge', 'Lucía', 'Pedro', 'Carmen', 'Diego'];
const LAST = ['García', 'Hernández', 'López', 'Martínez', 'Núñez', 'Pérez', 'Ramírez', 'Torres'];
const CITIES = ['Mérida', 'Puebla', 'Monterrey', 'Guadalajara', 'León'];

export const emailOf = (at: number) => `lead${at}@example${at % 50}.com`;
export const phoneOf = (at: number) => `+5255${String(10_000_000 + at)}`;
export const nameOf = (at: number) => `${FIRST[at % FIRST.length]} ${LAST[at % LAST.length]} ${at}`;

/** A CSV of `count` different people in 8 columns, or in one more. */
export function leadsCsv(
  count: number,
  more?: { readonly name: string; of(at: number): string | number },
): Readable {
  return Readable.from(
    (function* () {
      yield `name,email,phone,company,position,city,origin,plan${more ? `,${more.name}` : ''}\n`;
      for (let at = 0; at < count; at += 2_000) {
        let rows = '';
        for (let one = at; one < Math.min(at + 2_000, count); one++) {
          rows += `${nameOf(one)},${emailOf(one)},${phoneOf(one)},Acme ${one % 997},Manager,${CITIES[one % 5]},fair,gold${more ? `,${more.of(one)}` : ''}\n`;
        }
        yield Buffer.from(rows);
      }
    })(),
  );
}

const PARAGRAPH =
  '<p>This week we have an offer for you: everything in our shop is a tenth cheaper until Sunday.</p>';
/** About 3 KB on the wire, with the text part made from it. */
export const HTML = `<h1>Hello {{lead.first_name}}</h1>${PARAGRAPH.repeat(12)}<p>For {{lead.company}} in {{lead.metadata.city}}</p>`;
export const SUBJECT = 'An offer for {{lead.first_name}}';
