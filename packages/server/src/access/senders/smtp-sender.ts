import { createTransport } from 'nodemailer';
import { isLoopback } from '../../http/safe-url.js';
import type { SendMail } from './send-mail.js';

export interface SmtpSenderOptions {
  /** `smtp://user:password@host:587` (TLS by STARTTLS) or `smtps://…:465`. */
  readonly url: string;
  /** Sender address. */
  readonly from: string;
  /** For each step of the conversation. Default 10 s. */
  readonly timeoutMs?: number;
  /** Default: everywhere but on this machine. A password and a code must not cross a network in clear text. */
  readonly requireTls?: boolean;
}

const oneAddress = /^[^\s@,;:<>()[\]\\"]+@[^\s@,;:<>()[\]\\"]+$/;

/** Hands e-mails to an SMTP server. @throws Error at once for a URL that is none */
export function createSmtpSender(options: SmtpSenderOptions): SendMail {
  const { url, from, timeoutMs = 10_000 } = options;
  const { protocol, hostname, port, username, password } = new URL(url);
  const secure = protocol === 'smtps:';
  const transport = createTransport({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: options.requireTls ?? !isLoopback(hostname),
    ...(username !== '' && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // The text is ours: it never names a file or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return async ({ to, subject, text }) => {
    // The library would read a list out of it, or a line of its own.
    if (!oneAddress.test(to)) throw new Error('not one plain e-mail address');
    await transport.sendMail({ from, to: { name: '', address: to }, subject, text });
  };
}
