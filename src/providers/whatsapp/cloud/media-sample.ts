import type { Pool } from 'undici';
import * as z from 'zod';
import type { Answered } from '../../../core/templates/template-registry.ts';
import { fetchMedia } from '../fetch-media.ts';
import { askGraph } from './cloud-registry.ts';
import type { CloudEndpoint } from './settings.ts';

const session = z.looseObject({ id: z.string().min(1) });
const uploaded = z.looseObject({ h: z.string().min(1) });

/**
 * Hands over what a reviewer is shown in a header of media, by the app (Resumable Upload API): neither an address nor an
 * id of the messages' own media is taken there.
 * @returns its handle
 */
export async function uploadSample(
  pool: Pool,
  endpoint: CloudEndpoint,
  appId: string | null,
  address: string,
): Promise<Answered<string>> {
  if (appId === null)
    return {
      ok: false,
      problem: {
        kind: 'account',
        code: 'app_id_missing',
        message:
          'A header of media needs a sample, which is handed over by the Meta app: set WHATSAPP_APP_ID (App Dashboard, at the top).',
      },
    };
  const file = await fetchMedia(address, endpoint.origin);
  if (!file.ok) return file;
  const { bytes, type, name } = file.value;
  const query = new URLSearchParams({
    file_name: name,
    file_length: String(bytes.length),
    file_type: type,
  });
  const begun = await askGraph(
    pool,
    endpoint,
    { method: 'POST', path: `${endpoint.root}/${appId}/uploads?${query}`, body: '' },
    (json) => session.safeParse(json).data ?? null,
  );
  if (!begun.ok) return begun;
  const byApp = { ...endpoint, authorization: endpoint.authorization!.replace(/^Bearer /, 'OAuth ') };
  const done = await askGraph(
    pool,
    byApp,
    {
      method: 'POST',
      path: `${endpoint.root}/${begun.value.id}`,
      bytes,
      contentType: 'application/octet-stream',
      headers: { file_offset: '0' },
    },
    (json) => uploaded.safeParse(json).data ?? null,
  );
  return done.ok ? { ok: true, value: done.value.h } : done;
}
