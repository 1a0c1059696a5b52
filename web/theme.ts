const KEY = 'tidings.theme';

/** As the system has it, until somebody chooses. */
export function loadTheme(): void {
  show(localStorage.getItem(KEY));
}

export function toggleTheme(): void {
  const isDark = document.documentElement.dataset['theme']
    ? document.documentElement.dataset['theme'] === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  const next = isDark ? 'light' : 'dark';
  localStorage.setItem(KEY, next);
  show(next);
}

function show(theme: string | null): void {
  if (theme === null) delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}
