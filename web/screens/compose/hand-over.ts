import { call, Refused } from '../../api/call.ts';
import { dropKept } from '../../api/kept.ts';
import { fromContent, isSame, type Local, listUnsaved, newDraftId, toContent } from './draft.ts';

/**
 * Gives the server all that only this browser has. What somebody changed or deleted meanwhile becomes a draft of its own.
 * @returns how many the server would not take
 * @throws Unreachable
 */
export async function handOver(): Promise<number> {
  let refused = 0;
  for (const { id, local } of listUnsaved()) {
    try {
      await save(id, local);
      dropKept(id);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refused += 1;
    }
  }
  return refused;
}

async function save(draft_id: string, { draft, content, revision }: Local): Promise<void> {
  const written = toContent(draft, content);
  try {
    await call('drafts.save', { ...written, draft_id, revision });
  } catch (error) {
    const isOther = error instanceof Refused && (error.code === 'conflict' || error.code === 'not_found');
    if (!isOther) throw error;
    if (error.code === 'conflict') {
      const saved = await call('drafts.get', { draft_id });
      // It had been on its way already.
      if (isSame(fromContent(saved.content), draft)) return;
    }
    await call('drafts.save', { ...written, draft_id: newDraftId(), revision: 0 });
  }
}
