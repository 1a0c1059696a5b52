import type { CallToolResult } from '@modelcontextprotocol/server';

/** The structured content is the truth; the text is the same for clients that read only text. */
export function toResult(content: object): CallToolResult {
  return {
    content: [{ type: 'text', text: JSON.stringify(content) }],
    structuredContent: content as Record<string, unknown>,
  };
}
