import type pg from 'pg';

/** Resolves when the server has let go of the connection, or has not within two seconds and is cut off. */
export async function ended(client: pg.Client): Promise<void> {
  const cut = setTimeout(() => destroy(client), 2_000);
  try {
    await client.end();
  } catch {
    destroy(client);
  } finally {
    clearTimeout(cut);
  }
}

/** Without a word to the server: whoever waits for an answer gets an error. */
export function destroy(client: pg.Client): void {
  client.connection.stream.destroy();
}
