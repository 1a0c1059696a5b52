/**
 * The states of a delivery, one lead's row in a send, and everything that moves one.
 *
 *   (frozen) ──▶ pending ──claim──▶ sending ──accept──▶ sent
 *      │          │  ▲ ▲              │  │ └──refuse──▶ failed ──requeue──▶ pending
 *      │      skip│  │ └──give back───┘  └────doubt───▶ failed / outcome_unknown ──requeue──▶ pending
 *      │          ▼  │requeue                               │ prove
 *      └──────▶ skipped                                     └──▶ sent, failed, skipped or pending
 *
 *                                       sent ──bounce──▶ failed
 *
 * A row is claimed, and the claim is committed, before the provider hears of it. From `sending` it goes on by the answer
 * to the attempt that the claim numbered; by `doubt` when nobody is left to hear that answer. The late answer to the same
 * attempt, or what the provider tells of it by itself, proves what was unknown. `sent` is the end: nothing leads away from
 * it but the bounce that a provider reports.
 */
export const DELIVERY_STATES = ['pending', 'sending', 'sent', 'failed', 'skipped'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** As callers know it: a row that is in flight has not been answered, and to them it is still pending. */
export const SEND_STATUSES = ['pending', 'sent', 'failed', 'skipped'] as const;
export function toSendStatus(state: string | null): (typeof SEND_STATUSES)[number] {
  return SEND_STATUSES.find((status) => status === state) ?? 'pending';
}

/** Whether a message arrived is unknown: of a failed row, its error code. */
export const OUTCOME_UNKNOWN = 'outcome_unknown';
/** `retry_at` of a pending row that this run has given up on: the next call tries it again. */
export const GIVEN_UP = Number.MAX_SAFE_INTEGER;
/**
 * `retry_at` of a pending row that leaves by a template once one may: of those who claim, only those who have one look
 * so far back, so that nothing has to be written when it is approved.
 */
export const AWAITS_TEMPLATE = -1;

interface DeliveryTransition {
  readonly from: DeliveryState;
  readonly to: readonly DeliveryState[];
  /** Part of the condition: the row's error code is, or is not, that of an unknown outcome. */
  readonly unknown?: boolean;
  /** The statement names the code without changing it, so that it is counted under the new state. */
  readonly keepsCode?: boolean;
}

export const DELIVERY_TRANSITIONS = {
  /** Claim before send: committed with the number of a fresh attempt, before the provider hears of it. */
  claim: { from: 'pending', to: ['sending'] },
  /** Must not be messaged after all. */
  skip: { from: 'pending', to: ['skipped'] },
  /** Not yet: where it goes takes nothing for now. */
  defer: { from: 'pending', to: ['pending'] },
  /** The answer to its attempt: accepted, refused, not for this channel, or to be tried again. */
  settle: { from: 'sending', to: ['sent', 'failed', 'skipped', 'pending'] },
  /** Claimed, and provably not gone: as if it had not been claimed. */
  give_back: { from: 'sending', to: ['pending'] },
  /** Whoever would have heard the answer is gone. */
  doubt: { from: 'sending', to: ['failed'] },
  /** The answer to the attempt that was called unknown. */
  prove: { from: 'failed', to: ['sent', 'failed', 'skipped', 'pending'], unknown: true },
  /** It arrived after all, by the attempt before somebody put it back. */
  arrive: { from: 'pending', to: ['sent'] },
  /** The provider took it, and tells later that it did not arrive. */
  bounce: { from: 'sent', to: ['failed'] },
  /** After a restore: a log says that a message may have left since the backup was made. */
  may_have_left: { from: 'pending', to: ['failed'] },
  requeue_failed: { from: 'failed', to: ['pending'], unknown: false, keepsCode: true },
  requeue_unknown: { from: 'failed', to: ['pending'], unknown: true, keepsCode: true },
  requeue_skipped: { from: 'skipped', to: ['pending'], keepsCode: true },
} as const satisfies Record<string, DeliveryTransition>;
export type DeliveryEvent = keyof typeof DELIVERY_TRANSITIONS;

/**
 * The `SET status = … WHERE status = …` of a step, for the statements that make it: no other text names a state that a row
 * is brought to. `row` is how the statement calls the table, with its dot. Where several are possible the state is the first parameter, and {@link assertStep} has to be asked.
 */
export function stepSql(event: DeliveryEvent, row = ''): { readonly set: string; readonly where: string } {
  const { from, to, unknown, keepsCode }: DeliveryTransition = DELIVERY_TRANSITIONS[event];
  const code =
    unknown === undefined ? '' : ` AND ${row}error_code ${unknown ? '=' : '<>'} '${OUTCOME_UNKNOWN}'`;
  const set = to.length === 1 ? `status = '${to[0]}'` : 'status = ?';
  return {
    set: keepsCode ? `${set}, error_code = error_code` : set,
    where: `${row}status = '${from}'${code}`,
  };
}

/** @throws Error when the step does not lead there: whoever asks for it is wrong */
export function assertStep(event: DeliveryEvent, to: DeliveryState): void {
  const states: readonly DeliveryState[] = DELIVERY_TRANSITIONS[event].to;
  if (!states.includes(to)) throw new Error(`no step "${event}" makes a delivery ${to}`);
}
