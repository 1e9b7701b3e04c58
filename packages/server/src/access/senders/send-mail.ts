/** One plain-text e-mail. May hold a code: never for a log. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Delivers an e-mail to the next server; rejects when it cannot. */
export type SendMail = (mail: Mail) => Promise<void>;

/** Delivers a text message to a telephone number; rejects when it cannot. */
export type SendText = (message: { readonly to: string; readonly text: string }) => Promise<void>;
