import { allows, type Role, roleFor } from '../core/access/role.ts';
import { TidingsError } from '../errors.ts';
import { isPerson } from './caller-name.ts';
import type { Caller, Operation } from './operation.ts';

const NOT_MODELS = 'no program that speaks MCP may, whatever its key';

/** Whether the tools of MCP have it at all: what decides for people, or over who may do what, is no tool. */
export function isTool({ effect, isForPersons }: Pick<Operation, 'effect' | 'isForPersons'>): boolean {
  return effect !== 'approve' && effect !== 'administer' && !isForPersons;
}

/** By its role alone. */
function mayUse(role: Role, { effect, isForAuthors }: Pick<Operation, 'effect' | 'isForAuthors'>): boolean {
  return allows(role, effect) || (isForAuthors === true && allows(role, 'write'));
}

/** As a tool: who only reads is shown what reads, and may stop sending all the same. */
export function isShown(role: Role, operation: Operation): boolean {
  return mayUse(role, operation) && (operation.effect !== 'stop' || allows(role, 'write'));
}

/**
 * The one place where it is looked at whether a caller may.
 * @throws TidingsError `forbidden`
 */
export function mayCall(operation: Operation, { door, principal, words }: Caller): void {
  const { effect, name } = operation;
  const what = words.operation(name);
  if (door === 'mcp' && !isTool(operation)) {
    throw new TidingsError('forbidden', `${what} is for people: ${NOT_MODELS}.`, { fix: PERSON_FIX });
  }
  const isForPersons = effect === 'approve' || operation.isForPersons;
  if (isForPersons && !isPerson({ principal, door })) {
    throw new TidingsError('forbidden', `${what} is for people, not for keys and programs.`, {
      fix: PERSON_FIX,
    });
  }
  if (mayUse(principal.role, operation)) return;
  if (principal.isReadOnly) {
    throw new TidingsError('forbidden', `${what} would change something, and TIDINGS_READ_ONLY is set.`, {
      fix: 'Only reading is possible here. Whoever runs this server can take the setting away.',
    });
  }
  const needed = roleFor(effect);
  throw new TidingsError(
    'forbidden',
    `${what} needs the role ${needed}, and this caller has the role ${principal.role}.`,
    {
      fix: `Ask who runs this server for a key or a person with the role ${needed}: tidings keys create, tidings users role.`,
    },
  );
}

const PERSON_FIX =
  'A person does it: signed in at the dashboard, or with tidings at the command line of the machine that it runs on.';
