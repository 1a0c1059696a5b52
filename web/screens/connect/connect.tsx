import { useEffect, useState } from 'preact/hooks';
import { ask } from '../../api/call.ts';
import { me } from '../../api/me.ts';
import { t } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { Choose } from '../../parts/field.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { Page } from '../../parts/page.tsx';
import { query } from '../../router.ts';

type Role = 'viewer' | 'author' | 'operator';

interface Asked {
  readonly name: string;
  /** Where the code is taken to. */
  readonly host: string;
  readonly asked_role: Role | null;
  /** What may be given, the highest first. */
  readonly roles: readonly Role[];
}

/** The one page at which a person lets an app in. What the app asks for stands in its address. */
export default function Connect() {
  const words = t().admin.connect;
  const [asked, setAsked] = useState<Asked | null>(null);
  const [role, setRole] = useState<Role>('viewer');
  const [error, setError] = useState<unknown>(null);
  const [isDone, setDone] = useState(false);
  const given = Object.fromEntries(query.value);
  useEffect(() => {
    post('ask', given).then((found) => {
      const { roles, asked_role } = found as Asked;
      setAsked(found as Asked);
      setRole(asked_role === null ? 'viewer' : roles[0]!);
      setError(null);
    }, setError);
    // Whoever signs in above the page is another person.
  }, [me.value?.name]);
  const decide = async (decided: Role | null) => {
    const { to } = (await post('allow', { asked: given, role: decided })) as { to: string };
    setDone(true);
    location.assign(to);
  };
  return (
    <Page title={words.title}>
      {error !== null && <ErrorNotice error={error} />}
      {asked && (
        <article class="card group">
          <p class="sentence">{words.wants(asked.name)}</p>
          <p class="quiet">{words.unproved}</p>
          <p>
            {words.goesTo} <strong>{asked.host === 'this computer' ? words.here : asked.host}</strong>.{' '}
            {words.check}
          </p>
          <Choose
            label={words.role}
            value={role}
            options={asked.roles.map((one) => [one, words.roles[one]])}
            onChange={(one) => setRole(one as Role)}
          />
          <p class="quiet">{words.never}</p>
          <div class="filters">
            <Button kind="first" disabled={isDone} onClick={() => decide(role)}>
              {words.allow}
            </Button>
            <Button disabled={isDone} onClick={() => decide(null)}>
              {words.deny}
            </Button>
          </div>
          <p role="status">{isDone && words.done}</p>
        </article>
      )}
    </Page>
  );
}

function post(what: 'ask' | 'allow', body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  return ask(`/api/oauth/${what}`, { method: 'POST', headers, body: JSON.stringify(body) });
}
