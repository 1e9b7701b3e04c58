import { join } from 'node:path';

/** What lies where in the folder of an embedded server. Everything is the owner's alone: folders 0700, files 0600. */
export interface Layout {
  readonly root: string;
  /** Made aside and renamed, so that it is there whole or not at all. */
  readonly cluster: string;
  /** PostgreSQL's own data folder. */
  readonly data: string;
  readonly passwordFile: string;
  readonly postmasterPid: string;
  readonly log: string;
  readonly portFile: string;
  /** Start of the names of unfinished clusters. */
  readonly draftPrefix: string;
}

export function layoutOf(root: string): Layout {
  const cluster = join(root, 'cluster');
  const data = join(cluster, 'data');
  return {
    root,
    cluster,
    data,
    passwordFile: join(cluster, 'superuser-password'),
    postmasterPid: join(data, 'postmaster.pid'),
    log: join(root, 'postgres.log'),
    portFile: join(root, 'port'),
    draftPrefix: 'cluster.new-',
  };
}
