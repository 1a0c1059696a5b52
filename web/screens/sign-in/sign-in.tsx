import { useEffect, useState } from 'preact/hooks';
import { ownerOfLink, signIn } from '../../api/me.ts';
import { t } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { Field } from '../../parts/field.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { Page } from '../../parts/page.tsx';

const CLI = 'tidings users add ana --role operator';

/** By a one-time link (its token stands behind the #, which no log sees), a name and a password, or a key. */
export function SignIn({ isOver }: { isOver: boolean }) {
  const link = location.pathname === '/sign-in' ? location.hash.slice(1) : '';
  const [owner, setOwner] = useState<string | null>(null);
  const [way, setWay] = useState<'password' | 'key'>('password');
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (link !== '') ownerOfLink(link).then(setOwner, setError);
  }, []);
  const words = t().signIn;
  const enter = async (event: Event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(form.get(name) ?? '');
    setError(null);
    try {
      if (link !== '')
        await signIn({ link, password: text('password'), ...(owner === null && { name: text('name') }) });
      else if (way === 'key') await signIn({ key: text('key') });
      else await signIn({ name: text('name'), password: text('password') });
      if (location.pathname === '/sign-in') location.replace('/');
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <main class="sign-in" id="main">
      <Page title={words.title}>
        <form class="card form" onSubmit={enter}>
          {isOver && <p>{words.over}</p>}
          {link !== '' && owner !== null && <p>{words.linkFor(owner)}</p>}
          {link !== '' && owner === null && error === null && <p>{words.linkFirst}</p>}
          {way === 'key' && link === '' ? (
            <Field name="key" label={words.key} type="password" autoComplete="off" required />
          ) : (
            <>
              {owner === null && <Field name="name" label={words.name} autoComplete="username" required />}
              <Field
                name="password"
                label={words.password}
                type="password"
                autoComplete={link === '' ? 'current-password' : 'new-password'}
                required
              />
            </>
          )}
          {error !== null && <ErrorNotice error={error} />}
          <div class="actions">
            <Button type="submit" kind="first">
              {words.go}
            </Button>
            {link === '' && (
              <Button kind="plain" onClick={() => setWay(way === 'key' ? 'password' : 'key')}>
                {way === 'key' ? words.withPassword : words.withKey}
              </Button>
            )}
          </div>
          {link === '' && (
            <p class="quiet">
              {words.help} <code>{CLI}</code>
            </p>
          )}
        </form>
      </Page>
    </main>
  );
}
