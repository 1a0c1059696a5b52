import { signal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { call, Refused, Unreachable } from '../../api/call.ts';
import type { Output } from '../../api/catalogue.ts';
import { dropKept, hasLeft, keep } from '../../api/kept.ts';
import { mustSignIn } from '../../api/me.ts';
import {
  type Draft,
  fromContent,
  isFresh,
  isSame,
  type Local,
  newDraftId,
  readLocal,
  toContent,
} from './draft.ts';

type Saved = Output<'drafts.get'>;

/** After the last key; as often as a draft that nobody writes at is looked at; between two attempts at a server that is away. */
const SAVE_MS = 800;
const LOOK_MS = 10_000;
const RETRY_MS = 2_000;

export interface DraftState {
  readonly local: Local;
  /** `loading`: the server has it, and has not answered yet; `gone`: somebody sent or deleted it meanwhile. */
  readonly state: 'loading' | 'saved' | 'saving' | 'kept' | 'offline' | 'gone';
  readonly savedAt: number | null;
  /** What somebody else made of it since, while there is something here that they do not have. */
  readonly theirs: Saved | null;
  /** Who changed last what is shown, where that was somebody meanwhile. */
  readonly changed: Pick<Saved, 'changed_by' | 'changed_at'> | null;
  readonly error: unknown;
}

/**
 * A draft as it is written: each key is kept by this browser at once, and by the server a moment later. Whatever happens to
 * the server, the line or the other who writes, no word of either is lost.
 */
export class DraftKeeper {
  readonly #id: string;
  readonly state;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Nobody but this browser knows it. */
  readonly #isNew: boolean;
  #isBusy = false;
  #isOver = false;
  /** Sent, and never answered: what the server has may be one of them. */
  readonly #unheard: Draft[] = [];

  constructor(id: string, empty: Draft) {
    this.#id = id;
    const kept = readLocal(id);
    const local = kept ?? { draft: empty, content: {}, revision: 0, isSaved: true };
    this.#isNew = isFresh(id) || kept?.revision === 0;
    this.state = signal<DraftState>({
      ...{
        local,
        state: kept !== null && !kept.isSaved ? 'kept' : this.#isNew ? 'saved' : 'loading',
        savedAt: null,
        theirs: null,
        changed: null,
        error: null,
      },
    });
  }

  /** Looked at by whoever calls, who is not told of later changes by that. */
  get #now(): DraftState {
    return this.state.peek();
  }

  /** Asks what the server has, unless it cannot have anything. */
  async load(): Promise<void> {
    const { local } = this.#now;
    if (this.#isNew && local.revision === 0) await this.save();
    else await this.look();
  }

  write(changes: Partial<Draft>): void {
    const { local, theirs, state } = this.#now;
    this.#set({
      local: { ...local, draft: { ...local.draft, ...changes }, isSaved: false },
      ...{ state: state === 'gone' || state === 'offline' ? state : 'kept', changed: null },
    });
    if (theirs === null && state !== 'gone') this.#later(SAVE_MS);
  }

  /** What the server has now: shown where nothing is unsaved here, else both are. */
  async look(): Promise<void> {
    if (this.#isBusy || this.#isOver || isNobodys()) return;
    try {
      const saved = await call('drafts.get', { draft_id: this.#id });
      this.#meet(saved);
    } catch (error) {
      this.#failed(error);
    }
  }

  async save(): Promise<void> {
    clearTimeout(this.#timer);
    const { local, theirs, state } = this.#now;
    if (this.#isBusy || this.#isOver || isNobodys() || local.isSaved || theirs !== null || state === 'gone')
      return;
    this.#isBusy = true;
    const { draft } = local;
    this.#set({ state: 'saving', error: null });
    try {
      const saved = await call('drafts.save', {
        ...toContent(draft, local.content),
        ...{ draft_id: this.#id, revision: local.revision },
      });
      this.#isBusy = false;
      this.#took(saved, draft);
    } catch (error) {
      this.#isBusy = false;
      if (error instanceof Refused && error.code === 'conflict') await this.look();
      else {
        if (error instanceof Unreachable) this.#unheard.push(draft);
        this.#failed(error);
      }
    }
  }

  /** Shows theirs; ours becomes a draft of its own. @returns its id */
  async takeTheirs(): Promise<string> {
    const { local, theirs } = this.#now;
    const copy = await this.#keepCopy(toContent(local.draft, local.content));
    this.#show(theirs!);
    return copy;
  }

  /** Saves ours over theirs, which becomes a draft of its own. @returns its id */
  async keepOurs(): Promise<string> {
    const { local, theirs } = this.#now;
    const copy = await this.#keepCopy(theirs!.content);
    this.#set({ local: { ...local, content: theirs!.content, revision: theirs!.revision }, theirs: null });
    await this.save();
    return copy;
  }

  /** What somebody deleted or sent meanwhile, with what was written since. @returns the id of a new draft */
  async keepAsNew(): Promise<string> {
    const { local } = this.#now;
    const copy = await this.#keepCopy(toContent(local.draft, local.content));
    this.drop();
    return copy;
  }

  /** It was sent: nothing of it is kept. */
  drop(): void {
    this.close();
    dropKept(this.#id);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#isOver = true;
  }

  async #keepCopy(content: Saved['content']): Promise<string> {
    const draft_id = newDraftId();
    await call('drafts.save', { ...content, draft_id, revision: 0 });
    return draft_id;
  }

  #took(saved: Saved, draft: Draft): void {
    const now = this.#now.local.draft;
    const isSaved = now === draft;
    this.#set({
      local: { draft: now, content: saved.content, revision: saved.revision, isSaved },
      ...{ state: isSaved ? 'saved' : 'kept', savedAt: Date.now(), error: null },
    });
    if (!isSaved) this.#later(SAVE_MS);
  }

  #meet(saved: Saved): void {
    const { local } = this.#now;
    if (saved.revision === local.revision) {
      if (!local.isSaved) this.#later(0);
      else if (this.#now.state !== 'saved') this.#set({ state: 'saved' });
      return;
    }
    const theirs = fromContent(saved.content);
    const ours = this.#unheard.find((one) => isSame(one, theirs));
    if (ours) this.#took(saved, ours);
    else if (local.isSaved || isSame(theirs, local.draft)) this.#show(saved);
    else this.#set({ theirs: saved, state: 'kept' });
  }

  #show(saved: Saved): void {
    const { changed_by, changed_at, content, revision } = saved;
    const isFirst = this.#now.local.revision === 0;
    this.#set({
      local: { draft: fromContent(content), content, revision, isSaved: true },
      ...{ state: 'saved', theirs: null, savedAt: Date.parse(changed_at), error: null },
      changed: isFirst ? null : { changed_by, changed_at },
    });
  }

  #failed(error: unknown): void {
    if (error instanceof Unreachable) {
      this.#set({ state: 'offline' });
      this.#later(RETRY_MS);
    } else if (error instanceof Refused && error.code === 'not_found') {
      const { local } = this.#now;
      this.#set({ state: local.revision > 0 ? 'gone' : local.isSaved ? 'saved' : 'kept' });
    } else this.#set({ state: 'kept', error });
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#isOver) return;
    this.#timer = setTimeout(() => void (this.#now.local.isSaved ? this.look() : this.save()), ms);
  }

  #set(changes: Partial<DraftState>): void {
    if (this.#isOver) return;
    this.state.value = { ...this.#now, ...changes };
    const { local } = changes;
    if (!local) return;
    if (local.isSaved) dropKept(this.#id);
    else keep(this.#id, local);
  }
}

/** The draft of an address, for as long as it is on the screen. */
export function useDraft(id: string, empty: Draft): { readonly keeper: DraftKeeper } & DraftState {
  const kept = useRef<DraftKeeper | null>(null);
  kept.current ??= new DraftKeeper(id, empty);
  const keeper = kept.current;
  // Whoever signs in again goes on where they were.
  useSignalEffect(() => {
    if (!mustSignIn.value) void keeper.load();
  });
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === 'hidden') void keeper.save();
      else if (isIdle(keeper)) void keeper.look();
    };
    const back = () => void keeper.save();
    const timer = setInterval(() => document.visibilityState === 'visible' && look(), LOOK_MS);
    document.addEventListener('visibilitychange', look);
    addEventListener('online', back);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
      removeEventListener('online', back);
      void keeper.save().finally(() => keeper.close());
    };
  }, []);
  return { keeper, ...keeper.state.value };
}

/** The session is over, or is somebody else's: what is written here is not to be saved in their name. */
function isNobodys(): boolean {
  return hasLeft() || mustSignIn.peek();
}

function isIdle({ state }: DraftKeeper): boolean {
  const { isSaved, revision } = state.peek().local;
  return isSaved && revision > 0;
}
