/**
 * The environment of PostgreSQL's programs: nothing of ours, since it holds secrets, and no PG* variable, which would
 * change what they do. The path is for `unshare`.
 */
export function childEnvironment(): NodeJS.ProcessEnv {
  return { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}
