import { computed, signal } from '@preact/signals';

/** The address, which is all that the application knows of where it is: Back works, links can be passed on. */
const address = signal(new URL(location.href));

export const path = computed(() => address.value.pathname);
/** Filters of a screen stand in its address. */
export const query = computed(() => address.value.searchParams);

/** @param to a path with its query; `replace` makes no entry to go back to */
export function navigate(to: string, how: { replace?: boolean } = {}): void {
  const url = new URL(to, location.href);
  if (url.href === address.value.href) return;
  if (how.replace) history.replaceState(null, '', url);
  else history.pushState(null, '', url);
  const isOtherPage = url.pathname !== address.value.pathname;
  address.value = url;
  if (isOtherPage) scrollTo(0, 0);
}

/** The same screen with other filters; null takes one away. */
export function withQuery(changes: Readonly<Record<string, string | null>>): string {
  const next = new URLSearchParams(query.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  return text === '' ? path.value : `${path.value}?${text}`;
}

/** Links within stay within; whoever wants a new tab gets one. */
export function followLinks(): void {
  addEventListener('popstate', () => {
    address.value = new URL(location.href);
  });
  addEventListener('click', (event) => {
    const link = (event.target as Element | null)?.closest?.('a');
    if (!link || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.pathname.startsWith('/api/') || link.dataset['outside'] !== undefined) return;
    event.preventDefault();
    navigate(link.href);
  });
}
