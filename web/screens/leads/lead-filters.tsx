import { useEffect, useRef } from 'preact/hooks';
import { t } from '../../i18n/index.ts';
import { Choose } from '../../parts/field.tsx';
import { navigate, query, withQuery } from '../../router.ts';

const STATUSES = ['new', 'contacted', 'qualified', 'converted', 'lost'] as const;
/** After the last letter: a search goes through all leads. */
const WAIT_MS = 300;

export function LeadFilters() {
  const words = t().leads;
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<number | undefined>(undefined);
  const search = query.value.get('search') ?? '';
  // Back, or a link, has changed it.
  useEffect(() => {
    if (input.current && document.activeElement !== input.current) input.current.value = search;
  }, [search]);
  const type = (event: Event) => {
    const { value } = event.currentTarget as HTMLInputElement;
    clearTimeout(timer.current);
    timer.current = window.setTimeout(
      () => navigate(withQuery({ search: value.trim(), cursor: null }), { replace: true }),
      WAIT_MS,
    );
  };
  const set = (name: string) => (value: string) => navigate(withQuery({ [name]: value, cursor: null }));
  return (
    <search class="filters">
      <div class="field grow">
        <label for="search-leads">{words.search}</label>
        <input
          id="search-leads"
          ref={input}
          class="input"
          type="search"
          defaultValue={search}
          placeholder={words.searchHint}
          maxLength={200}
          onInput={type}
        />
      </div>
      <Choose
        label={words.status}
        value={query.value.get('status') ?? ''}
        options={[['', t().common.all], ...STATUSES.map((one) => [one, words.statuses[one]] as const)]}
        onChange={set('status')}
      />
      <Choose
        label={words.reachable}
        value={query.value.get('reachable') ?? ''}
        options={[
          ['', t().common.all],
          ['email', t().common.email],
          ['whatsapp', t().common.whatsapp],
        ]}
        onChange={set('reachable')}
      />
      {query.value.get('import_id') && (
        <a class="button is-plain" href={withQuery({ import_id: null, cursor: null })}>
          {words.clearFilters}
        </a>
      )}
    </search>
  );
}
