import type { ChannelName } from '../../src/core/channel.ts';
import type { Attempt, Outcome, Recipient, Sender, SenderAbout } from '../../src/core/deliveries/sender.ts';
import { renderMergeText } from '../../src/core/messages/merge-text.ts';
import type { Message } from '../../src/core/messages/message.ts';

export interface Delivered {
  contact: string;
  text: string;
  attemptId: string;
}

/** A sender whose provider does what a test says, and remembers whom it accepted. */
export class FakeSender implements Sender {
  readonly about: SenderAbout;
  readonly accepted: Delivered[] = [];
  tries = 0;
  answer: (delivered: Delivered, tries: number) => Outcome | undefined | Promise<Outcome | undefined> = () =>
    undefined;

  constructor(
    channel: ChannelName,
    windowSize = 16,
    ratePerSecond: number | null = null,
    id = `fake:${channel}`,
  ) {
    this.about = {
      id,
      channel,
      provider: 'fake',
      mode: 'live',
      ratePerSecond,
      windowSize,
    };
  }

  prepare(message: Message) {
    const render = (recipient: Recipient) => renderMergeText(message.body, recipient.values);
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
        ...(message.channel === 'email' && message.format === 'html' && { html: render(recipient) }),
      }),
    };
  }

  async close(): Promise<void> {}
}
