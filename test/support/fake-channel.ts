import type { ChannelName } from '../../src/core/channel.ts';
import type { Attempt, Channel, Outcome, Recipient } from '../../src/core/deliveries/sender.ts';
import { renderMergeText } from '../../src/core/messages/merge-text.ts';
import type { MessageContent } from '../../src/core/messages/message.ts';

export interface Delivered {
  contact: string;
  text: string;
  attemptId: string;
}

/** A channel whose provider does what a test says, and remembers whom it accepted. */
export class FakeSender implements Channel {
  readonly name: ChannelName;
  readonly provider = 'fake';
  readonly sender: Channel['sender'];
  readonly accepted: Delivered[] = [];
  tries = 0;
  answer: (delivered: Delivered, tries: number) => Outcome | undefined | Promise<Outcome | undefined> = () =>
    undefined;

  constructor(name: ChannelName, windowSize = 16, ratePerSecond: number | null = null) {
    this.name = name;
    this.sender = { id: `fake:${name}`, ratePerSecond, windowSize };
  }

  prepare(content: MessageContent) {
    const render = (recipient: Recipient) => renderMergeText(content.body, recipient.values);
    return {
      deliver: async (recipient: Recipient, attempt: Attempt): Promise<Outcome> => {
        const delivered = {
          contact: recipient.contact,
          text: render(recipient),
          attemptId: attempt.attemptId,
        };
        this.tries += 1;
        const outcome = await this.answer(delivered, this.tries);
        if (outcome && outcome.type !== 'accepted') return outcome;
        this.accepted.push(delivered);
        return { type: 'accepted', providerMessageId: `fake-${attempt.attemptId}` };
      },
      preview: (recipient: Recipient) => ({
        from: null,
        to: recipient.contact,
        subject: null,
        text: render(recipient),
      }),
    };
  }

  async close(): Promise<void> {}
}
