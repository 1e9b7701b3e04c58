/**
 * A name as PostgreSQL reads it, in double quotes. Only plain names pass (letters, digits, underscore; at most 63
 * bytes), so that no caller can pass free text through; throws on anything else.
 */
export function quoteIdentifier(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name))
    throw new Error(`not a plain database name: ${JSON.stringify(name)}`);
  return `"${name}"`;
}

/** A text literal for statements that take no parameters (`alter role … password`). Throws on control characters. */
export function quoteLiteral(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the point
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new Error('control characters are not allowed in a database literal');
  const quoted = text.replaceAll("'", "''");
  return quoted.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
}
