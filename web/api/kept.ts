/**
 * What this browser keeps of somebody until the server has it. It is theirs: it outlasts a session that ended by itself, so
 * that they go on where they were, and goes when they sign out or somebody else signs in.
 */
const TEXT = 'tidings.draft.';
/** Who is signed in, for the other tabs. */
const PERSON = 'tidings.person';
/** Anybody on this machine, while nobody has to say who they are: what they wrote belongs to the first who does. */
const ANYBODY = 'open';

interface Owned {
  readonly owner: string;
}

let owner: string | null = null;
let isLeft = false;

/** Whoever looked has left this browser to somebody else: nothing of theirs is kept or sent any more. */
export function hasLeft(): boolean {
  return isLeft;
}

export function readKept<Kept extends object>(id: string): Kept | null {
  try {
    return JSON.parse(localStorage.getItem(TEXT + id) ?? 'null') as Kept | null;
  } catch {
    return null;
  }
}

/** A browser that keeps nothing more leaves it to the server. */
export function keep(id: string, kept: object): void {
  if (isLeft) return;
  try {
    localStorage.setItem(TEXT + id, JSON.stringify({ ...kept, owner: owner ?? ANYBODY }));
  } catch {}
}

export function dropKept(id: string): void {
  localStorage.removeItem(TEXT + id);
}

export function listKept(): string[] {
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(TEXT))
    .map((key) => key.slice(TEXT.length));
}

/**
 * Somebody looks, who may be another than before: what others left is gone before anything is shown.
 * @returns whether this page was theirs, and has to begin anew
 */
export function arrive({ kind, id }: { readonly kind: string; readonly id: string | null }): boolean {
  const now = id === null ? kind : `${kind} ${id}`;
  const isAnother = owner !== null && owner !== ANYBODY && owner !== now;
  isLeft = isLeft || isAnother;
  owner = now;
  for (const one of listKept()) {
    const kept = readKept<Owned>(one);
    if (kept?.owner === ANYBODY) localStorage.setItem(TEXT + one, JSON.stringify({ ...kept, owner }));
    else if (kept?.owner !== owner) dropKept(one);
  }
  try {
    localStorage.setItem(PERSON, owner);
  } catch {}
  return isAnother;
}

/** They have signed out. */
export function leave(): void {
  isLeft = true;
  for (const one of listKept()) dropKept(one);
  localStorage.removeItem(PERSON);
}

/** In another tab somebody signed out or in: what this one shows is of whoever was here before. */
function look(): void {
  if (owner === null || owner === ANYBODY || localStorage.getItem(PERSON) === owner) return;
  isLeft = true;
  location.reload();
}
addEventListener('storage', ({ key }) => key === PERSON && look());
// A page that the browser has put aside comes back as it was.
addEventListener('pageshow', ({ persisted }) => persisted && look());
