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
    // initdb scales both by the segment's size: our small ones would bring four times the checkpoints. More than this takes
    // longer to recover than the 5 s in which we promise to serve again (ADR 15).
    max_wal_size: '512MB',
    min_wal_size: '80MB',
    password_encryption: 'scram-sha-256',
    // Tenants are moved by logical replication (docs/runbooks/move.md).
    wal_level: 'logical',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Statements hold tenants' data, and passwords of logins being made.
    log_min_error_statement: 'panic',
    // Details quote rows (`Key (alias)=(@x) already exists`), and the statements of a backend that crashed or waited in a deadlock.
    log_error_verbosity: 'terse',
    // One log for all tenants: each line says whose login it is about.
    log_line_prefix: '%m [%p] %q%u@%d ',
    // Compiling short ledger statements costs more than it saves.
    jit: 'off',
    cluster_name: 'cofferdam',
    ...overrides,
  };
  return ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/**
 * A socket in the data folder when its path is short enough for the operating system (107 bytes on Linux, 103 on macOS) and
 * needs no quoting. Median round trip of `select 1` 39–67 µs against 86–113 µs over TCP, on the reference machine.
 */
export function usableSocketFolder(root: string): string | undefined {
  return Buffer.byteLength(`${root}/.s.PGSQL.65535`) < 100 && !/[,"\s]/.test(root) ? root : undefined;
}

/** Whether two command lines differ in nothing but the port: such a server need not be started anew. */
export function sameButPort(left: readonly string[], right: readonly string[]): boolean {
  // Compared as text: macOS gives a command line as one string.
  const strip = (args: readonly string[]) => args.join(' ').replace(/ port=\d+/, '');
  return strip(left) === strip(right);
}
