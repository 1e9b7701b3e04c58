import type { InstallationNames } from '../../postgres/installation.js';
import { type AdminServer, defaultServer } from '../admin-connections.js';
import type { FleetTools } from '../fleet/migrate-one.js';

/** `error`: a guarantee does not hold, or requests fail. `warning`: it will come to that. `note`: worth knowing. */
export type Severity = 'error' | 'warning' | 'note';

/** One thing that is wrong, and what to do about it. */
export interface Finding {
  readonly check: string;
  readonly severity: Severity;
  /** Server, tenant, database or login that it is about. */
  readonly subject: string;
  readonly problem: string;
  readonly remedy: string;
}

export interface DoctorTools extends FleetTools {
  readonly names: InstallationNames;
  readonly templateDatabase: string;
  /** Connections to tenants that one ledger process may open. */
  readonly connectionBudget: number;
  readonly parallel: number;
  readonly now: () => Date;
}

/** A check looks and says; it changes nothing. `say` tells how far it is. */
export interface Check {
  readonly id: string;
  /** For the operator: `rights of the service logins`. */
  readonly what: string;
  run(tools: DoctorTools, say: (text: string) => void): Promise<Finding[]>;
}

/** On a broken installation a check may not get through: that is a finding too, and the others have their turn. */
export async function runCheck(check: Check, tools: DoctorTools, say: (text: string) => void): Promise<Finding[]> {
  try {
    return await check.run(tools, say);
  } catch (error) {
    const { findings, report } = reporter(check.id);
    const problem = `could not be carried out: ${error instanceof Error ? error.message : String(error)}`;
    report('error', `the check ${check.id}`, problem, 'Mend what this names, then run doctor again.');
    return findings;
  }
}

export type Report = (severity: Severity, subject: string, problem: string, remedy: string) => void;

/** Collects findings under the id of one check. */
export function reporter(check: string): { readonly findings: Finding[]; readonly report: Report } {
  const findings: Finding[] = [];
  return {
    findings,
    report: (severity, subject, problem, remedy) => findings.push({ check, severity, subject, problem, remedy }),
  };
}

/** Every server that holds tenants and can be administered; those that cannot be reached are reported. */
export async function eachServer(
  { control, admin }: DoctorTools,
  report: Report,
  look: (server: AdminServer) => Promise<void>,
): Promise<void> {
  // Of a brought database nothing is left after the purge but its record.
  const { rows } = await control.pool.query<{ id: string }>(
    'select id from server where id = $1 or admin_credential is not null order by created_at, id',
    [defaultServer],
  );
  for (const { id } of rows) {
    try {
      await look(await admin.server(id));
    } catch (error) {
      const problem = `cannot be examined: ${error instanceof Error ? error.message : String(error)}`;
      report(
        'error',
        `server ${id}`,
        problem,
        'Start the server, or mend its address and credential (cofferdam servers).',
      );
    }
  }
}
