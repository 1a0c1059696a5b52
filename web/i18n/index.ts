import { signal } from '@preact/signals';
import { en, type Messages } from './en.ts';

export const LANGUAGES = { en: 'English', es: 'Español', 'pt-BR': 'Português (Brasil)' } as const;
export type Language = keyof typeof LANGUAGES;

const KEY = 'tidings.language';
const loaders: Readonly<Record<Language, () => Promise<Messages>>> = {
  en: async () => en,
  es: async () => (await import('./es.ts')).es,
  'pt-BR': async () => (await import('./pt-BR.ts')).ptBR,
};

const messages = signal<Messages>(en);
export const language = signal<Language>('en');

/** The words of the language that is shown. Read inside of a component, it follows a change. */
export function t(): Messages {
  return messages.value;
}

export async function setLanguage(next: Language): Promise<void> {
  messages.value = await loaders[next]();
  language.value = next;
  document.documentElement.lang = next;
  localStorage.setItem(KEY, next);
}

/** As it was chosen here, else as the browser asks for. */
export async function loadLanguage(): Promise<void> {
  const wanted = [localStorage.getItem(KEY), ...navigator.languages].filter((one) => one !== null);
  const found = wanted.map(closest).find((one) => one !== null) ?? 'en';
  messages.value = await loaders[found]();
  language.value = found;
  document.documentElement.lang = found;
}

function closest(tag: string): Language | null {
  const primary = tag.toLowerCase().split('-')[0];
  return (Object.keys(LANGUAGES) as Language[]).find((one) => one.split('-')[0] === primary) ?? null;
}

export function count(value: number): string {
  return new Intl.NumberFormat(language.value).format(value);
}

export function percent(part: number, whole: number): string {
  const digits = { style: 'percent', maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(language.value, digits).format(whole === 0 ? 0 : part / whole);
}

/** A rate: whole from ten on, where tenths say nothing. */
export function rate(value: number): string {
  return count(value < 10 ? value : Math.round(value));
}

/** "12 Dec, 9:00": by the clock of whoever looks. */
export function time(iso: string): string {
  const date = new Date(iso);
  const isToday = date.toDateString() === new Date().toDateString();
  const day = isToday ? {} : ({ day: 'numeric', month: 'short', ...yearOf(date) } as const);
  return new Intl.DateTimeFormat(language.value, { ...day, hour: 'numeric', minute: '2-digit' }).format(date);
}

function yearOf(date: Date): { year?: 'numeric' } {
  return date.getFullYear() === new Date().getFullYear() ? {} : { year: 'numeric' };
}

/** To the second, for what has just happened. */
export function clock(date: Date): string {
  return new Intl.DateTimeFormat(language.value, { timeStyle: 'medium' }).format(date);
}

/** "12 Dec 2026, 09:00 Mexico City (15:00 UTC)" */
export function fullTime(iso: string): string {
  const date = new Date(iso);
  const form = { dateStyle: 'medium', timeStyle: 'short' } as const;
  const here = new Intl.DateTimeFormat(language.value, form).format(date);
  const utc = new Intl.DateTimeFormat(language.value, { timeStyle: 'short', timeZone: 'UTC' }).format(date);
  return zone() === 'UTC' ? `${here} UTC` : `${here} ${zone()} (${utc} UTC)`;
}

/** Where whoever looks is: "Mexico City". */
export function zone(): string {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return name === 'UTC' || name === 'Etc/UTC' ? 'UTC' : (name.split('/').at(-1) ?? name).replaceAll('_', ' ');
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** "in 16 hours", "3 days ago" */
export function distance(iso: string): string {
  const seconds = (Date.parse(iso) - Date.now()) / 1_000;
  const [unit, size] = UNITS.find(([, one]) => Math.abs(seconds) >= one) ?? (['second', 1] as const);
  const form = new Intl.RelativeTimeFormat(language.value, { numeric: 'auto' });
  return form.format(Math.round(seconds / size), unit);
}

/** "2 min 42 s" */
export function duration(seconds: number): string {
  const parts = [
    ['day', Math.floor(seconds / 86_400)],
    ['hour', Math.floor(seconds / 3_600) % 24],
    ['minute', Math.floor(seconds / 60) % 60],
    ['second', Math.floor(seconds % 60)],
  ] as const;
  const shown = parts.filter(([, value]) => value > 0).slice(0, 2);
  return (shown.length === 0 ? ([['second', 0]] as const) : shown)
    .map(([unit, value]) =>
      new Intl.NumberFormat(language.value, { style: 'unit', unit, unitDisplay: 'short' }).format(value),
    )
    .join(' ');
}
