import type { SendCode } from '../login/send-code.js';
import type { SendMail, SendText } from './send-mail.js';

/** The words in which codes of the second factor reach people. */
export function createCodeSender(senders: { sendMail: SendMail; sendText: SendText | undefined }): SendCode {
  return async ({ kind, destination, code, expiresInSeconds }) => {
    const minutes = Math.max(1, Math.floor(expiresInSeconds / 60));
    const good = `good for ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
    if (kind === 'email') {
      return senders.sendMail({
        to: destination,
        subject: 'Your code',
        text: `Your code is ${code}, ${good}.\n\nIf you are not logging in just now, somebody else knows your password: change it.\n`,
      });
    }
    if (senders.sendText === undefined) throw new Error('there is no sender for text messages');
    return senders.sendText({ to: destination, text: `Your code is ${code}, ${good}.` });
  };
}
