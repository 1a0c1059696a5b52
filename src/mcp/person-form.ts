import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { FormAnswer, FormNeeded } from '../operations/form.ts';

/** Under which name the form travels to the client, and its answer back. */
const FORM = 'confirm';

/**
 * Whether the client shows forms to its person. Since 2026-07-28 each request says so. Before, only the first message of a
 * connection did: over HTTP without sessions nobody can know.
 * @param connected what the connection began with; undefined: it has no beginning
 */
export function showsForms(
  { envelope }: ServerContext['mcpReq'],
  connected: ClientCapabilities | undefined,
): boolean {
  const { elicitation } =
    (envelope as Record<string, ClientCapabilities> | undefined)?.[CLIENT_CAPABILITIES_META_KEY] ??
    connected ??
    {};
  // Without a word of which kind it is forms, as before there was another kind.
  return elicitation !== undefined && ('form' in elicitation || !('url' in elicitation));
}

/**
 * One field, which is to be typed: what a client accepts by itself comes back empty, or with a default, and there is none.
 * The state is a handle that is kept in the ledger, used once, and worth nothing for any other call.
 */
export function toInputRequired({ message, state }: FormNeeded): InputRequiredResult {
  return inputRequired({
    requestState: state,
    inputRequests: {
      [FORM]: inputRequired.elicit({
        message,
        requestedSchema: {
          type: 'object',
          properties: {
            recipients: {
              type: 'integer',
              title: 'Number of people',
              description: 'Type how many people will get it, to send it',
              minimum: 0,
            },
          },
          required: ['recipients'],
        },
      }),
    },
  });
}

/** null: it is the first request of the call. */
export function readForm(call: ServerContext['mcpReq']): FormAnswer | null {
  const answer = inputResponse(call.inputResponses, FORM);
  const given: unknown = call.requestState();
  const state = typeof given === 'string' ? given.slice(0, 100) : null;
  if (answer.kind === 'elicit')
    return { state, action: answer.action, recipients: answer.content?.['recipients'] };
  return null;
}
