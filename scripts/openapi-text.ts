const width = 120;

/** JSON with two spaces of indent, in which whatever fits on a line stands on one: half the lines, and good to read. */
export function openApiText(value: unknown): string {
  return `${write(value, '', 0)}\n`;
}

function write(value: unknown, indent: string, before: number): string {
  const short = line(value);
  if (typeof value !== 'object' || value === null || indent.length + before + short.length < width) return short;
  const inner = `${indent}  `;
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const parts = Array.isArray(value)
    ? value.map((item) => inner + write(item, inner, 1))
    : Object.entries(value).map(([key, item]) => {
        const name = `${JSON.stringify(key)}: `;
        return inner + name + write(item, inner, name.length + 1);
      });
  return `${open}\n${parts.join(',\n')}\n${indent}${close}`;
}

function line(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(line).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const parts = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${line(item)}`);
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}
