/** `vip|news`, `"VIP","Newsletter"`, `* myContacts ::: Clients`. */
export function splitTags(value: string): string[] {
  const json = value.startsWith('[') ? readJson(value) : value;
  const parts = Array.isArray(json) ? json.map(String) : value.split(/\s*(?::::|[,;|\n])\s*/);
  return [
    ...new Set(parts.map((part) => part.replace(/^[*"\s]+|["\s]+$/g, '')).filter((part) => part !== '')),
  ].map((tag) => tag.slice(0, 100));
}

/** An object or list, where the text is one. */
export function readJson(value: string): unknown {
  const first = value[0];
  if (first !== '{' && first !== '[') return value;
  try {
    return JSON.parse(value, (key, inner: unknown) => (key === '__proto__' ? undefined : inner));
  } catch {
    return value;
  }
}
