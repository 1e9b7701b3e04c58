/**
 * What the logins may do, written anew after each migration; one transaction, as an administrator. The last grant, the
 * right to read `schema_migration`, is how a later start sees that everything was finished.
 *
 * The way from a client id to its tenant must look across tenants, and nothing else may. It is a function that runs as a
 * role of its own, which has a policy of its own on two columns: nobody needs BYPASSRLS for it. All names come quoted.
 */
export function accessGrants(roles: { service: string; owner: string; lookup: string }): string {
  const { service, owner, lookup } = roles;
  return /* sql */ `
revoke all on schema access from public;
grant usage on schema access to ${service}, ${lookup};
-- Making a function one's own needs the right to create in its schema, at that moment only.
grant create on schema access to ${lookup};

set local role ${owner};
revoke all on all tables in schema access from public, ${service};
grant select, insert, update on signing_key to ${service};
grant select, insert, delete on tenant_directory to ${service};
grant update (slug, name, owner_organization) on tenant_directory to ${service};
grant select, insert, update, delete
  on app_user, user_group, user_group_membership, group_role, application to ${service};
grant select, insert on audit_event to ${service};
grant select, insert, update, delete
  on login_session, refresh_token, user_mfa, recovery_code, mfa_session, remembered_device, oidc_record, password_reset, known_source to ${service};
grant select, insert, delete on revoked_token to ${service};
grant select, update (position) on revocation_feed to ${service};
grant select, insert, delete on directory_change to ${service};
grant select, update (position) on directory_feed to ${service};

drop policy if exists client_lookup on application;
create policy client_lookup on application for select to ${lookup} using (true);
grant select (client_id, tenant_id) on application to ${lookup};
-- Revocations must reach every process, whatever their tenant: of each its number, its token's id and its end, no more.
drop policy if exists revocation_lookup on revoked_token;
create policy revocation_lookup on revoked_token for select to ${lookup} using (true);
grant select (jti, expires_at, position) on revoked_token to ${lookup};
-- So must changes of users and applications: which they are, not what changed.
drop policy if exists change_lookup on directory_change;
create policy change_lookup on directory_change for select to ${lookup} using (true);
grant select (tenant_id, kind, subject, position) on directory_change to ${lookup};
-- Audit events go by age alone, and young ones by nobody's hand: the service cannot delete any itself.
drop policy if exists audit_age on audit_event;
create policy audit_age on audit_event for select to ${lookup} using (true);
grant select (at) on audit_event to ${lookup};
drop policy if exists audit_retention on audit_event;
create policy audit_retention on audit_event for delete to ${lookup} using (at < now() - interval '30 days');
grant delete on audit_event to ${lookup};

reset role;
set local role ${lookup};
create or replace function tenant_of_client(sought text) returns text
  language sql stable parallel safe security definer set search_path = access, pg_temp
  as 'select tenant_id from application where client_id = sought';
revoke all on function tenant_of_client(text) from public;
grant execute on function tenant_of_client(text) to ${service};
create or replace function revocations_since(known bigint, count_max int)
  returns table (feed_position bigint, token_id text, token_expires_at timestamptz)
  language sql stable parallel safe security definer set search_path = access, pg_temp
  as 'select position, jti, expires_at from revoked_token where position > known order by position limit count_max';
revoke all on function revocations_since(bigint, int) from public;
grant execute on function revocations_since(bigint, int) to ${service};
create or replace function directory_changes_since(known bigint, count_max int)
  returns table (feed_position bigint, of_tenant text, subject_kind text, subject_id text)
  language sql stable parallel safe security definer set search_path = access, pg_temp
  as 'select position, tenant_id, kind, subject from directory_change where position > known order by position limit count_max';
revoke all on function directory_changes_since(bigint, int) from public;
grant execute on function directory_changes_since(bigint, int) to ${service};
create or replace function prune_audit_events(older_than timestamptz) returns bigint
  language sql volatile security definer set search_path = access, pg_temp
  as 'with gone as (delete from audit_event where at < older_than returning at) select count(*) from gone';
revoke all on function prune_audit_events(timestamptz) from public;
grant execute on function prune_audit_events(timestamptz) to ${service};
reset role;
revoke create on schema access from ${lookup};

set local role ${owner};
grant select on schema_migration to ${service};
reset role;
`;
}
