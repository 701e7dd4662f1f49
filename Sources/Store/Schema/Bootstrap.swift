package import Postgres

/// What needs a superuser, once per cluster and once per database: roles, the database, extensions, and the revokes
/// that close what PostgreSQL opens to everybody. Safe to run again.
package enum Bootstrap {
  /// SCRAM verifiers for the logins that programs use; `nil` leaves a login as it is (peer authentication).
  package struct Verifiers: Sendable {
    package var daemon: String?
    package var migrator: String?
    package var sealer: String?

    package init(daemon: String? = nil, migrator: String? = nil, sealer: String? = nil) {
      self.daemon = daemon
      self.migrator = migrator
      self.sealer = sealer
    }
  }

  /// Makes the cluster's roles. `session` must be a superuser's.
  package static func cluster(_ session: borrowing Session, verifiers: Verifiers = Verifiers()) throws {
    let superuser = try session.first("SELECT current_user::text, rolsuper FROM pg_roles WHERE rolname = current_user")
    {
      (try $0.string(0), try $0.bool(1))
    }
    guard let superuser, superuser.1 else { throw SchemaError.notSuperuser(superuser?.0 ?? "this login") }
    try session.script(rolesScript)
    for (role, verifier) in [
      ("gkm_daemon", verifiers.daemon), ("gkm_migrator", verifiers.migrator), ("gkm_sealer", verifiers.sealer),
    ] {
      if let verifier { try session.script("ALTER ROLE \(role) PASSWORD \(literal(verifier))") }
    }
  }

  /// Makes the database where it is missing; answers whether it did. Not inside a transaction.
  package static func createDatabase(_ session: borrowing Session, named name: String) throws -> Bool {
    try check(name)
    let there = try session.first("SELECT 1 FROM pg_database WHERE datname = \(name)") { try $0.int(0) }
    guard there == nil else { return false }
    // Collation C: text indexes serve prefixes under row security, and an upgrade of libc never reorders them.
    try session.script(
      "CREATE DATABASE \(name) OWNER gkm_owner TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'")
    return true
  }

  /// Who may connect. Not copied by CREATE DATABASE … TEMPLATE, so to be run for each clone.
  package static func databaseAccess(_ session: borrowing Session, named name: String) throws {
    try check(name)
    try session.script(
      """
      REVOKE ALL ON DATABASE \(name) FROM PUBLIC;
      GRANT CONNECT ON DATABASE \(name) TO gkm_support, gkm_ops, gkm_vendor, gkm_admin, gkm_daemon, gkm_migrator,
        gkm_sealer, gkm_backup;
      """)
  }

  /// Prepares the database that `session` (a superuser's) is connected to: extensions, schemas, revokes, and the
  /// functions that make people.
  package static func database(_ session: borrowing Session) throws {
    try session.script(databaseScript)
    try session.script(text(PackageResources.people_functions_sql))
  }

  static var texts: [String] { [rolesScript, databaseScript, text(PackageResources.people_functions_sql)] }

  private static func check(_ name: String) throws {
    let allowed = name.utf8.allSatisfy { ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x5F }
    guard allowed, (1...63).contains(name.utf8.count), name.utf8.first.map({ $0 > 0x39 }) == true else {
      throw SchemaError.badName(name)
    }
  }

  private static let rolesScript = """
    DO $$
    DECLARE
      r text;
    BEGIN
      -- Roles are the whole cluster's, an advisory lock is one database's: so the lock is on the shared catalogue.
      LOCK TABLE pg_catalog.pg_authid IN SHARE ROW EXCLUSIVE MODE;
      FOREACH r IN ARRAY ARRAY['gkm_owner', 'gkm_api', 'gkm_vendor_read', 'gkm_audit_owner', 'gkm_people',
        'gkm_support', 'gkm_ops', 'gkm_vendor', 'gkm_admin'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
          EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', r);
        END IF;
      END LOOP;
      FOREACH r IN ARRAY ARRAY['gkm_migrator', 'gkm_daemon', 'gkm_sealer', 'gkm_backup'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
          EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', r);
        END IF;
      END LOOP;
      ALTER ROLE gkm_people CREATEROLE;
      ALTER ROLE gkm_backup BYPASSRLS;
      ALTER ROLE gkm_migrator NOINHERIT;
      GRANT gkm_owner, gkm_api, gkm_vendor_read, gkm_audit_owner TO gkm_migrator;
      ALTER ROLE gkm_daemon SET timezone TO 'UTC';
      GRANT pg_read_all_data TO gkm_backup;
    END $$;
    """

  private static let databaseScript = """
    CREATE EXTENSION IF NOT EXISTS btree_gist;
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE SCHEMA IF NOT EXISTS gkm AUTHORIZATION gkm_owner;
    CREATE SCHEMA IF NOT EXISTS api AUTHORIZATION gkm_owner;
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    GRANT USAGE ON SCHEMA public TO gkm_owner, gkm_daemon, gkm_api, gkm_vendor_read, gkm_support, gkm_ops, gkm_admin;
    GRANT USAGE, CREATE ON SCHEMA gkm TO gkm_api, gkm_audit_owner;
    GRANT USAGE ON SCHEMA gkm TO gkm_vendor_read, gkm_people, gkm_daemon, gkm_support, gkm_ops, gkm_admin, gkm_sealer;
    GRANT USAGE, CREATE ON SCHEMA api TO gkm_api, gkm_vendor_read, gkm_people;
    GRANT USAGE ON SCHEMA api TO gkm_support, gkm_ops, gkm_vendor, gkm_admin, gkm_daemon;
    ALTER DEFAULT PRIVILEGES FOR ROLE gkm_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
    ALTER DEFAULT PRIVILEGES FOR ROLE gkm_api REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
    ALTER DEFAULT PRIVILEGES FOR ROLE gkm_vendor_read REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
    ALTER DEFAULT PRIVILEGES FOR ROLE gkm_audit_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
    ALTER DEFAULT PRIVILEGES FOR ROLE gkm_people REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
    ALTER DEFAULT PRIVILEGES FOR ROLE gkm_owner REVOKE USAGE ON TYPES FROM PUBLIC;

    -- What PostgreSQL opens to everybody and a vendor could look or write through.
    REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
    GRANT USAGE ON LANGUAGE plpgsql TO gkm_owner, gkm_api, gkm_vendor_read, gkm_audit_owner, gkm_people, gkm_migrator;
    REVOKE SELECT ON pg_catalog.pg_stat_activity, pg_catalog.pg_stat_all_tables, pg_catalog.pg_stat_user_tables,
      pg_catalog.pg_stat_xact_all_tables, pg_catalog.pg_stat_xact_user_tables, pg_catalog.pg_stat_all_indexes,
      pg_catalog.pg_stat_user_indexes, pg_catalog.pg_statio_all_tables, pg_catalog.pg_statio_user_tables,
      pg_catalog.pg_statio_all_indexes, pg_catalog.pg_statio_user_indexes, pg_catalog.pg_statio_all_sequences,
      pg_catalog.pg_statio_user_sequences, pg_catalog.pg_stat_database, pg_catalog.pg_stat_progress_copy,
      pg_catalog.pg_roles, pg_catalog.pg_user, pg_catalog.pg_group, pg_catalog.pg_stats, pg_catalog.pg_stats_ext,
      pg_catalog.pg_stats_ext_exprs, pg_catalog.pg_sequences, pg_catalog.pg_locks, pg_catalog.pg_prepared_xacts,
      pg_catalog.pg_stat_replication, pg_catalog.pg_stat_ssl, pg_catalog.pg_stat_gssapi, pg_catalog.pg_auth_members,
      pg_catalog.pg_db_role_setting, pg_catalog.pg_shdepend
      FROM PUBLIC;
    REVOKE SELECT ON pg_catalog.pg_largeobject_metadata FROM PUBLIC;
    DO $$
    DECLARE
      f regprocedure;
    BEGIN
      FOR f IN
        SELECT p.oid::regprocedure FROM pg_proc p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND (
          -- Large objects: a place to write to.
          p.proname IN ('lo_creat', 'lo_create', 'lo_open', 'lo_unlink', 'lo_put', 'lo_get', 'lo_from_bytea',
            'lo_lseek', 'lo_lseek64', 'lo_tell', 'lo_tell64', 'lo_truncate', 'lo_truncate64', 'lo_close', 'loread',
            'lowrite')
          -- Locks that could be held against the daemon.
          OR p.proname ~ '^pg_(try_)?advisory_'
          -- Numbers from which a competitor's sales could be read.
          OR p.proname ~ '^pg_stat_get_'
          OR p.proname ~ '^pg_(relation|table|indexes|total_relation|database)_size$'
          OR p.proname ~ '^pg_current_wal_' OR p.proname = 'pg_lock_status'
          -- Bytes of anybody's own in the write-ahead log.
          OR p.proname = 'pg_logical_emit_message')
      LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        IF f::text ~ '^pg_(try_)?advisory' THEN
          EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO gkm_owner, gkm_migrator, gkm_daemon, gkm_sealer', f);
        ELSIF f::text !~ '^(lo|pg_logical)' THEN
          EXECUTE format(
            'GRANT EXECUTE ON FUNCTION %s TO gkm_owner, gkm_api, gkm_people, gkm_migrator, gkm_daemon, gkm_ops, gkm_admin', f);
        END IF;
      END LOOP;
    END $$;
    GRANT SELECT ON pg_catalog.pg_roles, pg_catalog.pg_stat_activity, pg_catalog.pg_auth_members,
      pg_catalog.pg_db_role_setting TO gkm_owner, gkm_api, gkm_people, gkm_migrator;
    """
}

/// `value` as an SQL string constant. For utility statements alone, which take no parameters.
func literal(_ value: String) -> String {
  var out = "E'"
  for scalar in value.unicodeScalars {
    switch scalar {
    case "'": out += "''"
    case "\\": out += "\\\\"
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out + "'"
}

/// An embedded resource as text.
func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
