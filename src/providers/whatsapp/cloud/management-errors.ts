import type { RegistryProblem } from '../../../core/templates/template-registry.ts';
import type { GraphError } from './errors.ts';

type Known = Pick<RegistryProblem, 'kind' | 'message'>;

/** By subcode, which says more than the code 100 that they share (Business Management API, error codes). */
const BY_SUBCODE: Readonly<Record<number, Known>> = {
  2388024: { kind: 'exists', message: 'There is a template of this name and language already.' },
  2388023: {
    kind: 'refused',
    message:
      'A template of this name was deleted lately, and the name is blocked for 30 days: change a word of the message, or use another template.',
  },
  2388299: {
    kind: 'refused',
    message: 'The text begins or ends with a variable: put a word before or behind it, and call again.',
  },
  2388293: {
    kind: 'refused',
    message: 'There are too many variables for so few words: write more text, or use fewer variables.',
  },
  2388019: {
    kind: 'refused',
    message:
      'The account has as many templates as it may (250, or 6,000 when the business is verified): delete some (templates delete, or WhatsApp Manager).',
  },
  2388039: { kind: 'refused', message: 'This template cannot be edited in its state: make another one.' },
  2388040: { kind: 'refused', message: 'A part of the template is too long: shorten it.' },
  2388047: {
    kind: 'refused',
    message: 'The header has a form that is not taken: see its length and variable.',
  },
  2388072: { kind: 'refused', message: 'The body has a form that is not taken: see its variables.' },
  2388073: {
    kind: 'refused',
    message: 'The footer has a form that is not taken: it is text without variables.',
  },
};

const RIGHTS =
  'The access token lacks the right whatsapp_business_management for this WhatsApp Business Account: in Meta Business ' +
  'Settings, System users, assign the account with full control and make a token with whatsapp_business_management and ' +
  'whatsapp_business_messaging.';

/** Why a call of the management API was not done, and the way out. */
export function managementProblem(error: GraphError, status: number): RegistryProblem {
  const { code, subcode, details } = error;
  const said = details ? { said: details } : {};
  const known = subcode === undefined ? undefined : BY_SUBCODE[subcode];
  const name = `whatsapp_${code}${subcode === undefined ? '' : `_${subcode}`}`;
  if (known) return { ...known, code: name, ...said };
  if (code === 0 || code === 190)
    return {
      kind: 'account',
      code: name,
      message: 'The access token is wrong, expired or withdrawn; put a valid one in WHATSAPP_ACCESS_TOKEN.',
      ...said,
    };
  if (code === 3 || code === 10 || (code >= 200 && code < 300))
    return { kind: 'account', code: name, message: RIGHTS, ...said };
  if (code === 33)
    return {
      kind: 'account',
      code: name,
      message:
        'There is no such WhatsApp Business Account for this token; check WHATSAPP_BUSINESS_ACCOUNT_ID (API Setup page of your Meta app) and that the system user was assigned to it.',
      ...said,
    };
  if (code === 368 || code === 131031)
    return {
      kind: 'account',
      code: name,
      message: 'WhatsApp has restricted the account; see Account quality in Meta Business Settings.',
      ...said,
    };
  if ([1, 2, 4, 17, 80007, 80008, 131000, 131016].includes(code) || status === 429 || status >= 500)
    return {
      kind: 'later',
      code: name,
      message: 'WhatsApp cannot look after templates just now, or was asked too often; it is asked again.',
      ...said,
    };
  return {
    kind: 'refused',
    code: name,
    message: details
      ? 'WhatsApp does not take the template as it is: what it says about it tells what to change.'
      : 'WhatsApp does not take the template as it is, and does not say why.',
    ...said,
  };
}

/** No word of whether it was done: a template that was made is found by its name. */
export function unreachable(code: string): RegistryProblem {
  return {
    kind: 'later',
    code,
    message: `The WhatsApp API cannot be reached (${code}); it is asked again. Check the network and WHATSAPP_API_URL.`,
  };
}
