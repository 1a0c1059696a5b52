import { useState } from 'preact/hooks';
import { about } from '../../api/about.ts';
import { call } from '../../api/call.ts';
import type { Output } from '../../api/catalogue.ts';
import { me } from '../../api/me.ts';
import { useCall } from '../../api/use-call.ts';
import { t, time } from '../../i18n/index.ts';
import { Button } from '../../parts/button.tsx';
import { CopyButton } from '../../parts/copy.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { ErrorNotice, Notice } from '../../parts/notice.tsx';
import { Page } from '../../parts/page.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Apps } from './apps.tsx';
import { Audit } from './audit.tsx';
import { RulesShown } from './rules.tsx';

type Key = Output<'keys.list'>['keys'][number];
type User = Output<'users.list'>['users'][number];
type Role = Key['role'];
const ROLES: readonly Role[] = ['viewer', 'author', 'operator', 'admin'];

export default function Settings() {
  const mayAdminister = me.value?.may.includes('administer') ?? false;
  return (
    <Page title={t().nav.settings}>
      {mayAdminister && <People />}
      {mayAdminister && <Keys />}
      <Apps mayAdminister={mayAdminister} />
      <RulesShown />
      {mayAdminister && <Audit />}
      <p class="quiet">
        {t().work.settings.version}: {about.value.version ?? '–'}
      </p>
    </Page>
  );
}

function People() {
  const words = t().work.settings;
  const { data, error, reload } = useCall('users.list', { limit: 100 });
  const [link, setLink] = useState<string | null>(null);
  const columns: readonly Column<User>[] = [
    { name: t().work.name, cell: ({ name }) => name },
    { name: t().work.role, cell: ({ role }) => words.roles[role] },
    { name: t().work.when, cell: ({ created_at }) => time(created_at) },
    {
      name: words.hasPassword,
      isUnnamed: true,
      cell: ({ has_password }) => (has_password ? words.hasPassword : words.noPassword),
    },
  ];
  return (
    <section class="group">
      <h2>{words.people}</h2>
      <p class="quiet">{words.peopleIntro}</p>
      <NameAndRole
        action={words.invite}
        onGiven={async (name, role) => {
          setLink((await call('users.add', { name, role })).link);
          reload();
        }}
      />
      {link !== null && <Secret title={words.link} text={link} />}
      {error !== null && <ErrorNotice error={error} />}
      {data && data.users.length > 0 && (
        <Table caption={words.people} columns={columns} rows={data.users} keyOf={({ user_id }) => user_id} />
      )}
    </section>
  );
}

function Keys() {
  const words = t().work.settings;
  const { data, error, reload } = useCall('keys.list', { limit: 100 });
  const [key, setKey] = useState<string | null>(null);
  const [revoked, setRevoked] = useState<Key | null>(null);
  const columns: readonly Column<Key>[] = [
    { name: t().work.name, cell: ({ name }) => name },
    { name: t().work.role, cell: ({ role }) => words.roles[role] },
    {
      name: words.lastUsed,
      cell: ({ last_used_at }) => (last_used_at === null ? words.never : time(last_used_at)),
    },
    { name: t().work.channels.state, cell: ({ state }) => words.states[state] },
    {
      name: words.revoke,
      isUnnamed: true,
      cell: (row) =>
        row.state === 'valid' && (
          <Button small label={`${words.revoke}: ${row.name}`} onClick={() => setRevoked(row)}>
            {words.revoke}
          </Button>
        ),
    },
  ];
  return (
    <section class="group">
      <h2>{words.keys}</h2>
      <p class="quiet">{words.keysIntro}</p>
      <NameAndRole
        action={words.makeKey}
        onGiven={async (name, role) => {
          setKey((await call('keys.create', { name, role })).key);
          reload();
        }}
      />
      {key !== null && <Secret title={words.key} text={key} />}
      {error !== null && <ErrorNotice error={error} />}
      {data && data.keys.length > 0 && (
        <Table caption={words.keys} columns={columns} rows={data.keys} keyOf={({ key_id }) => key_id} />
      )}
      {revoked && (
        <Dialog
          title={words.revokeTitle(revoked.name)}
          action={words.revoke}
          kind="danger"
          onAct={async () => {
            await call('keys.revoke', { key: revoked.key_id });
            reload();
          }}
          onClose={() => setRevoked(null)}
        >
          <p>{words.revokeSays}</p>
        </Dialog>
      )}
    </section>
  );
}

function Secret({ title, text }: { title: string; text: string }) {
  return (
    <Notice title={title}>
      <p>
        <code>{text}</code> <CopyButton text={text} />
      </p>
    </Notice>
  );
}

interface NameAndRoleProps {
  readonly action: string;
  readonly onGiven: (name: string, role: Role) => Promise<void>;
}

function NameAndRole({ action, onGiven }: NameAndRoleProps) {
  const words = t().work.settings;
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('author');
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      await onGiven(name, role);
      setName('');
      setError(null);
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <form class="group" onSubmit={submit}>
      <div class="filters">
        <label class="field grow">
          <span>{t().work.name}</span>
          <input
            class="input"
            required
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>{t().work.role}</span>
          <select class="input" value={role} onChange={(event) => setRole(event.currentTarget.value as Role)}>
            {ROLES.map((one) => (
              <option key={one} value={one}>
                {words.roles[one]}
              </option>
            ))}
          </select>
        </label>
        <Button type="submit">{action}</Button>
      </div>
      {error !== null && <ErrorNotice error={error} />}
    </form>
  );
}
