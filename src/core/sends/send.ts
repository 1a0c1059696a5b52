/**
 * The states of a send, and everything that moves one.
 *
 *                    ┌────────────────────────── reschedule ──────────────────────────┐
 *                    ▼                                                                │
 *   (made) ──▶ scheduled ──start──▶ running ──complete──▶ completed ──reopen──▶ running
 *     │              │  ▲              │  ▲                   ▲ ▲
 *     │            pause│            pause│resume             │ │
 *     │              ▼  │              ▼  │                   │ │
 *     └──▶ running   └──┴──▶ paused ◀──┴──┘ ────complete──────┘ │   what was in flight was the last of it
 *                              │  ▲                             │
 *                           cancel│resume                       │
 *                              ▼  │                             │
 *                            cancelled ────────complete─────────┘
 *
 * Made, it runs or waits for its time. `pause` comes with the reason, and so does a pause of what had ended when it
 * turns out that everybody was refused. Whatever it was, a send is completed once nobody of it is pending or in flight;
 * an answer that comes late, or leads that are put back, reopen it. Where a person has to approve what it is about to do,
 * `ask` brings it to `paused` from anywhere, and no step leads on to `running` or `scheduled` before they have; none does
 * while all sending is stopped (`stop-all.ts`). Only `transition` in send.store.ts makes these steps.
 */
export const SEND_STATES = ['running', 'scheduled', 'paused', 'completed', 'cancelled'] as const;
export type SendState = (typeof SEND_STATES)[number];

export interface SendTransition {
  readonly from: readonly SendState[];
  readonly to: SendState;
}

export const SEND_TRANSITIONS = {
  /** Its time has come, or somebody said "now". */
  start: { from: ['scheduled'], to: 'running' },
  /** Gets a time, or another one. */
  reschedule: { from: ['scheduled', 'paused', 'cancelled', 'completed'], to: 'scheduled' },
  /** A person asked, or something is wrong that a person must fix. A pause of what is paused changes its reason. */
  pause: { from: ['running', 'scheduled', 'paused'], to: 'paused' },
  /** A person has to say yes first, whatever state it is in. */
  ask: { from: ['running', 'scheduled', 'paused', 'cancelled', 'completed'], to: 'paused' },
  resume: { from: ['paused', 'cancelled'], to: 'running' },
  /** Of what is cancelled already, it changes nothing but the reason. */
  cancel: { from: ['running', 'scheduled', 'paused', 'cancelled'], to: 'cancelled' },
  complete: { from: ['running', 'scheduled', 'paused', 'cancelled'], to: 'completed' },
  /** Leads were put back to pending, or a late answer says that one never left. */
  reopen: { from: ['completed'], to: 'running' },
  /** Everybody was refused, and that was found out when the send was over already: its leads are pending again. */
  reopen_paused: { from: ['running', 'completed'], to: 'paused' },
} as const satisfies Record<string, SendTransition>;
export type SendEvent = keyof typeof SEND_TRANSITIONS;

/** Which step brings a send from here to `running`; null: it runs. */
export function wayToRunning(state: SendState): SendEvent | null {
  if (state === 'running') return null;
  if (state === 'scheduled') return 'start';
  return state === 'completed' ? 'reopen' : 'resume';
}

export const PLACEHOLDER_POLICIES = ['strip_tokens', 'skip_recipient'] as const;

/** Why a send does not run. */
export interface SendProblem {
  readonly code: string;
  readonly message: string;
  /** The provider's own words about it. */
  readonly said?: string;
}

/** What pending messages of a running send wait for; it goes on by itself. */
export const WAITS = ['template_approval', 'messaging_limit', 'provider', 'rate'] as const;
export type Wait = (typeof WAITS)[number];

/** Problems that are no provider's: docs/reference/error-codes.md is made from this. */
export const PROBLEMS = {
  paused_by_request: 'Somebody paused it; it goes on when somebody resumes it.',
  retries_used_up:
    'Leads remain, each with its tries used up or in a domain that refuses mail, and nothing is wrong with the account. The next call tries them again.',
  everybody_refused:
    'Twenty recipients in a row were refused and nobody was accepted in between: that is about the sender. All of them are pending again, none is suppressed.',
  template_pending:
    'A template waits for approval: minutes most often, 24 hours at most. The send goes on by itself; so it does with `template_draft`, `template_paused`, `template_unknown` and `template_in_appeal`.',
  template_rejected:
    'The template was rejected, and the reason says what to change: call again with the changed message. `template_disabled`, `template_archived`, `template_deleted` and `template_limit_exceeded` likewise want a person.',
  template_changed:
    'The template has other words at the provider than when the send was made: nothing leaves by it until somebody has called again.',
  messaging_limit:
    'The account has written to as many people first as it may within 24 hours. The send goes on by itself as they pass.',
  stopped:
    'Somebody stopped all sending. It goes on when a person starts that again, with `tidings start-all`.',
  approval_needed:
    'A person has to approve it, in the dashboard or with `tidings sends approve CODE`; then it goes on by itself.',
  approval_rejected:
    'The person who was asked said no, and the message says why. With another text, a call asks again.',
  restored:
    'The ledger comes out of a backup, and cannot know whom messages reached since: a person says so before anything is sent.',
} as const;
type Problem = keyof typeof PROBLEMS;

export const RETRIES_USED_UP = 'retries_used_up' satisfies Problem;
export const PAUSED_BY_REQUEST = 'paused_by_request' satisfies Problem;
export const EVERYBODY_REFUSED = 'everybody_refused' satisfies Problem;
export const STOPPED = 'stopped' satisfies Problem;
export const RESTORED = 'restored' satisfies Problem;
export const APPROVAL_NEEDED = 'approval_needed' satisfies Problem;
export const APPROVAL_REJECTED = 'approval_rejected' satisfies Problem;

export const AWAITS_APPROVAL: SendProblem = {
  code: APPROVAL_NEEDED,
  message: 'It waits for a person to approve it.',
};
