import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { about } from './api/about.ts';
import { isFresh, lastHeard } from './api/live.ts';
import { me, mustSignIn, signOut } from './api/me.ts';
import { clock, count, LANGUAGES, type Language, language, setLanguage, t } from './i18n/index.ts';
import { Button } from './parts/button.tsx';
import { Dialog } from './parts/dialog.tsx';
import { Icon, type IconName } from './parts/icon.tsx';
import { ErrorNotice } from './parts/notice.tsx';
import { Toasts } from './parts/toast.tsx';
import { path } from './router.ts';
import { findRoute, type Screen } from './routes.ts';
import { SignIn } from './screens/sign-in/sign-in.tsx';
import { toggleTheme } from './theme.ts';

type Place = Exclude<IconName, 'more' | 'theme' | 'find'>;
const PLACES: readonly (readonly [Place, string])[] = [
  ['home', '/'],
  ['sends', '/sends'],
  ['audiences', '/audiences'],
  ['leads', '/leads'],
  ['replies', '/replies'],
  ['suppressions', '/suppressions'],
  ['channels', '/channels'],
  ['settings', '/settings'],
];
/** What has a place of its own in the bar of a phone; the rest is behind "More". */
const ON_PHONES = 4;

const SHORTCUT = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘K' : 'Ctrl K';

export function Frame() {
  const [isFinding, setFinding] = useState(false);
  const [unsaved, setUnsaved] = useState(0);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey)) return;
      // A browser has something else behind it.
      event.preventDefault();
      if (!mustSignIn.value) setFinding(true);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
  const out = async () => {
    const { handOver } = await import('./screens/compose/hand-over.ts');
    const refused = await handOver();
    if (refused === 0) await signOut();
    else setUnsaved(refused);
  };
  if (mustSignIn.value && me.value === null) return <SignIn isOver={false} />;
  const { modes } = about.value;
  const isSandbox = modes !== null && Object.values(modes).every((mode) => mode === 'sandbox');
  return (
    <>
      {/* Whose session has ended signs in above what they were at: nothing that was typed is lost. */}
      {mustSignIn.value && (
        <div class="over">
          <SignIn isOver />
        </div>
      )}
      <div class={isSandbox ? 'frame is-sandbox' : 'frame'} inert={mustSignIn.value}>
        <a class="skip" href="#main" data-outside>
          {t().nav.skip}
        </a>
        <header class="head">
          <a class="brand" href="/">
            <img src="/tidings.svg" alt="" width="24" height="24" />
            <span class="brand-name">Tidings</span>
          </a>
          {isSandbox && (
            <span class="sandbox-mark" title={t().common.sandbox}>
              {t().common.sandboxShort}
            </span>
          )}
          <div class="end">
            <Button
              kind="plain"
              label={`${t().admin.palette.title}: ${SHORTCUT}`}
              onClick={() => setFinding(true)}
            >
              <Icon name="find" />
              <kbd>{SHORTCUT}</kbd>
            </Button>
            <select
              class="input is-plain"
              aria-label={t().common.language}
              value={language.value}
              onChange={(event) => setLanguage(event.currentTarget.value as Language)}
            >
              {Object.entries(LANGUAGES).map(([tag, name]) => (
                <option key={tag} value={tag} lang={tag}>
                  {name}
                </option>
              ))}
            </select>
            {me.value?.name && me.value.kind !== 'open' && (
              <Button kind="plain" onClick={out}>
                <span class="who">{me.value.name} · </span>
                {t().signIn.out}
              </Button>
            )}
            <Button kind="plain" label={t().common.theme} onClick={toggleTheme}>
              <Icon name="theme" />
            </Button>
          </div>
        </header>
        <Nav />
        <main class="main" id="main" tabIndex={-1}>
          <Lost />
          <Routed />
        </main>
        <Toasts />
        {isFinding && <Finder onClose={() => setFinding(false)} />}
        {unsaved > 0 && (
          <Dialog
            title={t().signIn.outTitle}
            action={t().signIn.outAnyway}
            kind="danger"
            onAct={signOut}
            onClose={() => setUnsaved(0)}
          >
            <p>{t().signIn.outSays(count(unsaved), unsaved === 1)}</p>
          </Dialog>
        )}
      </div>
    </>
  );
}

/** Loaded when it is first wanted. */
function Finder({ onClose }: { onClose: () => void }) {
  const [shown, setShown] = useState<{ One: FunctionComponent<{ onClose: () => void }> } | null>(null);
  useEffect(() => {
    import('./palette.tsx').then(({ default: One }) => setShown({ One }), onClose);
  }, []);
  return shown && <shown.One onClose={onClose} />;
}

function Nav() {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setOpen(false), [path.value]);
  const here = (to: string) => (to === '/' ? path.value === '/' : path.value.startsWith(to));
  return (
    <nav class={isOpen ? 'nav is-open' : 'nav'} aria-label={t().nav.main}>
      <ul>
        {PLACES.map(([name, to], at) => (
          <li key={name} class={at < ON_PHONES ? '' : 'is-more'}>
            <a href={to} aria-current={here(to) ? 'page' : undefined}>
              <Icon name={name} />
              {t().nav[name]}
            </a>
          </li>
        ))}
        <li class="more-item">
          <button
            type="button"
            class="button is-plain more-button"
            aria-expanded={isOpen}
            onClick={() => setOpen(!isOpen)}
          >
            <Icon name="more" />
            {t().nav.more}
          </button>
        </li>
      </ul>
    </nav>
  );
}

/** What is old is marked, never taken away. */
function Lost() {
  if (isFresh.value) return <div role="status" />;
  return (
    <div role="status" class="stale">
      {t().common.stale(clock(new Date(lastHeard())))}
    </div>
  );
}

function Routed() {
  const { load, id } = findRoute(path.value);
  const [shown, setShown] = useState<{ screen: Screen; id: string; path: string } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const wanted = path.value;
  useEffect(() => {
    setError(null);
    load().then(
      ({ default: screen }) => path.value === wanted && setShown({ screen, id, path: wanted }),
      setError,
    );
  }, [wanted]);
  if (error !== null) return <ErrorNotice error={error} />;
  if (shown === null) return null;
  // Until the next screen is there, the one before stays: nothing flashes.
  const { screen: One } = shown;
  return <One key={shown.path} id={shown.id} />;
}
