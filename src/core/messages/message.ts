import type { Template } from './merge-text.ts';

/** What a send says, parsed but not yet rendered for anyone. */
export interface MessageContent {
  readonly format: 'text' | 'html';
  readonly body: Template;
  /** Plain text of an HTML body, where it was made beforehand; else the sender makes it while it prepares. */
  readonly textPart?: Template;
  /** Email only. */
  readonly subject: Template | null;
  /** Display name asked for by the caller; null means the configured one. */
  readonly fromName: string | null;
}
