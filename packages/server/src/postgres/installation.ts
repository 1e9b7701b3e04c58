/**
 * Physical names of one installation on a PostgreSQL cluster. Production uses `installationNames('cofferdam')`, whose
 * results are fixed by the contract; tests use a prefix of their own so that many installations share a cluster.
 * The template carries its content in its name and may be shared.
 */
export interface InstallationNames {
  readonly prefix: string;
  readonly controlDatabase: string;
  readonly accessDatabase: string;
  /** Holds the schemas of all schema-isolated tenants. */
  readonly sharedDatabase: string;
  /** The one database of single-tenant mode. */
  readonly singleDatabase: string;
  /** Login and group names of the installation start with this: `cofferdam_control_reader`, … */
  role(name: string): string;
  templateDatabase(version: string): string;
}

export function installationNames(prefix: string): InstallationNames {
  if (!/^[a-z][a-z0-9_]{0,30}$/.test(prefix))
    throw new Error(`installation prefix ${prefix} is not a plain lower-case name`);
  return Object.freeze({
    prefix,
    controlDatabase: `${prefix}_control`,
    accessDatabase: `${prefix}_access`,
    sharedDatabase: `${prefix}_tenants`,
    singleDatabase: `${prefix}_ledger`,
    role: (name: string) => `${prefix}_${name}`,
    templateDatabase: (version: string) => `cofferdam_template_${version}`,
  });
}
