import { isUtf8 } from 'node:buffer';
import { LedgerError } from '@cofferdam/core';

/** A file of a multipart form, decoded. */
export interface UploadedFile {
  readonly fileName: string;
  /** Undefined when it is no UTF-8 text. */
  readonly text: string | undefined;
}

export type MultipartForm = Readonly<Record<string, string | UploadedFile>>;

/**
 * A `multipart/form-data` body, read by the platform's own parser from bytes that the body limit has already bounded.
 * A repeated name is refused. Throws `unmarshalling`.
 */
export async function parseMultipart(contentType: string, raw: Buffer): Promise<MultipartForm> {
  const form: Record<string, string | UploadedFile> = Object.create(null);
  for (const [name, value] of await readForm(contentType, raw)) {
    if (name in form)
      throw new LedgerError('unmarshalling', {
        detail: `The form member ${name.slice(0, 40)} is sent more than once.`,
      });
    form[name] = typeof value === 'string' ? value : { fileName: value.name, text: await readText(value) };
  }
  return form;
}

async function readForm(contentType: string, raw: Buffer): Promise<FormData> {
  try {
    return await new Response(new Uint8Array(raw), { headers: { 'content-type': contentType } }).formData();
  } catch (error) {
    throw new LedgerError('unmarshalling', {
      detail: 'This operation takes a form with a file: send Content-Type: multipart/form-data with its boundary.',
      log: error,
    });
  }
}

async function readText(file: Blob): Promise<string | undefined> {
  const bytes = Buffer.from(await file.arrayBuffer());
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}
