import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { call } from './api/call.ts';
import { useCall } from './api/use-call.ts';
import { t } from './i18n/index.ts';
import { ErrorNotice } from './parts/notice.tsx';
import { navigate } from './router.ts';
import { nameOf } from './screens/send-words.tsx';

interface Found {
  readonly kind: 'page' | 'send' | 'audience' | 'lead';
  readonly name: string;
  readonly about: string | null;
  readonly to: string;
}

const TYPING_MS = 200;
/** Of each kind. */
const SHOWN = 6;
/** So many of the newest sends and audiences are looked through; people are searched by the server, all of them. */
const LISTED = 200;

/** Everything there is, by a few letters of its name. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const words = t().admin.palette;
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const { leads, error } = useLeads(text);
  const named = useNamed(text);
  const found = [...named, ...leads];
  useEffect(() => ref.current?.showModal(), []);
  useEffect(() => setAt(0), [text]);
  const chosen = Math.min(at, found.length - 1);
  const go = (one: Found | undefined) => {
    if (!one) return;
    onClose();
    navigate(one.to);
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length > 0) setAt((chosen + step + found.length) % found.length);
    else if (event.key === 'Enter') go(found[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog ref={ref} class="palette" aria-label={words.title} onClose={onClose}>
      <input
        class="input"
        type="text"
        list={undefined}
        // biome-ignore lint/a11y/noRedundantRoles: without a list of the browser it is a text box
        role="combobox"
        aria-label={words.title}
        aria-expanded={found.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={found.length > 0 ? `${id}-${chosen}` : undefined}
        placeholder={words.hint}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={press}
      />
      {error !== null && <ErrorNotice error={error} />}
      <div class="found" role="listbox" id={`${id}-list`} aria-label={words.found}>
        {found.map((one, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the input, which keeps the focus
          <div
            key={one.to}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            onClick={() => go(one)}
          >
            <span class="quiet">{words.kinds[one.kind]}</span> {one.name}
            {one.about !== null && <span class="quiet"> · {one.about}</span>}
          </div>
        ))}
      </div>
      <p class="quiet" role="status">
        {text.trim() !== '' && found.length === 0 && words.nothing}
      </p>
    </dialog>
  );
}

/** Pages, sends and audiences: those whose name has the letters. */
function useNamed(text: string): Found[] {
  const words = t();
  const sends = useCall('sends.list', { limit: LISTED }).data?.sends ?? [];
  const audiences = useCall('audience.list', { limit: LISTED }).data?.audiences ?? [];
  const pages = (['home', 'sends', 'audiences', 'leads', 'replies', 'suppressions', 'channels'] as const).map(
    (name) => ({ kind: 'page', name: words.nav[name], about: null, to: name === 'home' ? '/' : `/${name}` }),
  );
  const all = [
    pages,
    [
      { kind: 'page', name: words.nav.settings, about: null, to: '/settings' },
      { kind: 'page', name: words.nav.newMessage, about: null, to: '/drafts/new' },
      { kind: 'page', name: words.leads.import, about: null, to: '/leads/import' },
    ],
    sends.map((one) => ({
      kind: 'send',
      name: nameOf(one),
      about: `${one.audience_name}, ${words.state[one.state]}`,
      to: `/sends/${one.send_id}`,
    })),
    audiences.map((one) => ({ kind: 'audience', name: one.name, about: null, to: `/audiences/${one.id}` })),
  ] as Found[][];
  const wanted = folded(text.trim());
  const has = ({ name, about }: Found) => folded(`${name} ${about ?? ''}`).includes(wanted);
  // Where nothing is typed yet, the pages alone: they teach what there is.
  const lists = wanted === '' ? [all.slice(0, 2).flat()] : [all.slice(0, 2).flat(), all[2]!, all[3]!];
  return lists.flatMap((list) => list.filter(has).slice(0, wanted === '' ? list.length : SHOWN));
}

/** People, as the server finds them: once a moment has passed without another letter. */
function useLeads(text: string): { leads: Found[]; error: unknown } {
  const [state, setState] = useState<{ leads: Found[]; error: unknown }>({ leads: [], error: null });
  const search = text.trim();
  useEffect(() => {
    if (search.length < 2) return setState({ leads: [], error: null });
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const { leads } = await call('leads.list', { search, limit: SHOWN }, { signal: stop.signal });
        setState({ leads: leads.map(toFound), error: null });
      } catch (error) {
        if (!stop.signal.aborted) setState({ leads: [], error });
      }
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [search]);
  return state;
}

interface Named {
  readonly id: string;
  readonly name?: string | null;
  readonly email?: string | null;
  readonly phone?: string | null;
}

function toFound({ id, name, email, phone }: Named): Found {
  const contact = email ?? phone ?? null;
  return { kind: 'lead', name: name ?? contact ?? t().leads.unnamed, about: contact, to: `/leads/${id}` };
}

/** Capitals and accents are not looked at. */
function folded(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
}
