import { t } from '../i18n/index.ts';
import { query, withQuery } from '../router.ts';

interface FilterTabsProps<Value extends string> {
  readonly label: string;
  /** Of the address. */
  readonly name: string;
  readonly values: readonly Value[];
  readonly wordOf: (value: Value) => string;
  readonly allWord?: string;
}

/** One filter of a list, in the address: another one begins at the first page. */
export function FilterTabs<Value extends string>({
  label,
  name,
  values,
  wordOf,
  allWord,
}: FilterTabsProps<Value>) {
  const given = query.value.get(name);
  const chosen = values.find((one) => one === given);
  return (
    <nav class="tabs" aria-label={label}>
      {[undefined, ...values].map((one) => (
        <a
          key={one ?? 'all'}
          href={withQuery({ [name]: one ?? null, cursor: null })}
          aria-current={chosen === one ? 'true' : undefined}
        >
          {one === undefined ? (allWord ?? t().common.all) : wordOf(one)}
        </a>
      ))}
    </nav>
  );
}
