/**
 * Settings are given at each start rather than written into the cluster, so that a newer program brings its own.
 * Durability is left at PostgreSQL's defaults: every commit is flushed.
 */
export function serverArguments(
  data: string,
  port: number,
  socketFolder: string | undefined,
  overrides: Readonly<Record<string, string>>,
): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: socketFolder ?? '',
    unix_socket_permissions: '0600',
    max_connections: '300',
    shared_buffers: '128MB',
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_connections: '',
    // Compiling short ledger statements costs more than it saves.
    jit: 'off',
    cluster_name: 'cofferdam',
    ...overrides,
  };
  return ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** Whether two argument lists differ in nothing but the port: such a server need not be started anew. */
export function sameButPort(left: readonly string[], right: readonly string[]): boolean {
  const strip = (args: readonly string[]) => args.filter((argument) => !argument.startsWith('port='));
  return JSON.stringify(strip(left)) === JSON.stringify(strip(right));
}
