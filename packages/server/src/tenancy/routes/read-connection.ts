import { type ConnectionSettings, connectionSettings } from '../../postgres/connection-settings.js';

export interface ConnectionBody {
  readonly host: string;
  readonly port?: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly sslmode?: 'disable' | 'require' | 'verify-full';
  readonly sslrootcert?: string;
}

/** A login that an operator sends. Without `sslmode` the server's certificate is checked, but in a local environment. */
export function readConnection(body: ConnectionBody, isLocal: boolean): ConnectionSettings {
  const { host, port = 5432, database, user, password, sslrootcert } = body;
  const mode = body.sslmode ?? (isLocal && sslrootcert === undefined ? 'disable' : 'verify-full');
  const ca = sslrootcert === undefined ? {} : { ca: sslrootcert };
  // With an authority given, libpq's `require` verifies as well.
  const rejectUnauthorized = mode === 'verify-full' || sslrootcert !== undefined;
  const ssl = mode === 'disable' ? {} : { ssl: { rejectUnauthorized, ...ca } };
  return connectionSettings({ host, port, database, user, password, ...ssl });
}
