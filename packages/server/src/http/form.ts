import { LedgerError } from '@cofferdam/core';

const formType = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;

/**
 * A form-encoded body as an object of texts. A repeated name is refused, an empty value counts as not sent
 * (RFC 6749 §3.2), U+0000 is refused because PostgreSQL cannot take it.
 * @throws LedgerError 0094
 */
export function parseForm(contentType: string, text: string): Record<string, string> {
  if (!formType.test(contentType))
    throw new LedgerError('unmarshalling', {
      detail: 'This operation takes a form: send Content-Type: application/x-www-form-urlencoded.',
    });
  const form: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) {
    if (name in form)
      throw new LedgerError('unmarshalling', {
        detail: `The form member ${name.slice(0, 40)} is sent more than once.`,
      });
    if (value.includes('\0') || name.includes('\0'))
      throw new LedgerError('unmarshalling', { detail: 'The form must not contain the null character.' });
    form[name] = value;
  }
  for (const name of Object.keys(form)) if (form[name] === '') delete form[name];
  return form;
}
