import { signal } from '@preact/signals';
import { ask } from './call.ts';

type Modes = { readonly email: string; readonly whatsapp: string };
interface Health {
  readonly version?: string;
  readonly channels?: Modes;
}

export interface ServerAbout {
  readonly version: string | null;
  readonly modes: Modes | null;
}

export const about = signal<ServerAbout>({ version: null, modes: null });

export async function loadAbout(): Promise<void> {
  try {
    const { version, channels } = (await ask('/health', {})) as Health;
    about.value = { version: version ?? null, modes: channels ?? null };
  } catch {
    // The pages say what cannot be reached.
  }
}
