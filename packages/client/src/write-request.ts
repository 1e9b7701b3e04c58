/** A request as it is written, whichever operation it is of. */
export interface AnyInput {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** Throws a TypeError for a path parameter that is missing or empty: the URL would mean another operation. */
export function urlOf(path: string, { path: values = {}, query = {} }: AnyInput): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (typeof value !== 'string' || value === '' || /^\.\.?$/.test(value))
      throw new TypeError(`the path parameter ${name} of ${path} must be given`);
    return encodeURIComponent(value);
  });
  const text = new URLSearchParams(Object.entries(query).flatMap(queryEntries)).toString();
  return text === '' ? filled : `${filled}?${text}`;
}

/** An object stands for parameters of their own: `metadata: { 'metadata.color': 'blue' }`. */
function queryEntries([name, value]: [string, unknown]): [string, string][] {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'object') return [[name, String(value)]];
  return Object.entries(value as object).map(([key, inner]) => [key, String(inner)]);
}

export function bodyOf(body: unknown, multipart: boolean): { body?: string | FormData; contentType?: string } {
  if (body === undefined) return {};
  if (!multipart) return { body: JSON.stringify(body), contentType: 'application/json' };
  const form = new FormData();
  for (const [name, text] of Object.entries(body as Record<string, string>))
    form.append(name, new Blob([text]), `${name}.gold`);
  return { body: form };
}
