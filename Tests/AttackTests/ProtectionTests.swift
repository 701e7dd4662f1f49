import Market
import Postgres
import TestSupport
import Testing

/// A protection of the database is taken away, and something that looks has to notice. Each is one statement on a
/// market of its own.
struct Removal: Sendable, CustomTestStringConvertible {
  /// What is taken away.
  let testDescription: String
  let sql: String
  /// What notices: the comparison of rights, a lint, or the attacks that hold these words.
  let noticed: By

  enum By: Sendable {
    case rights
    case lints
    /// Attacks by this name, which succeed then or change something.
    case attacks([String])
  }

  init(_ testDescription: String, _ sql: String, by noticed: By) {
    self.testDescription = testDescription
    self.sql = sql
    self.noticed = noticed
  }

  static let all: [Removal] = [
    Removal("forced row security on orders", "ALTER TABLE gkm.orders NO FORCE ROW LEVEL SECURITY", by: .lints),
    Removal("row security on the ledger", "ALTER TABLE gkm.ledger_posting DISABLE ROW LEVEL SECURITY", by: .lints),
    Removal(
      "whose rows a vendor sees",
      "DROP POLICY vendor ON gkm.vendor_order; CREATE POLICY vendor ON gkm.vendor_order FOR SELECT TO gkm_vendor_read USING (true)",
      by: .lints),
    Removal("a policy for everybody", "CREATE POLICY x ON gkm.orders FOR SELECT TO PUBLIC USING (true)", by: .lints),
    Removal("hidden columns", "GRANT SELECT (ciphertext) ON gkm.stock_unit TO gkm_support", by: .rights),
    Removal(
      "hidden columns of the token", "GRANT SELECT (token_hash) ON gkm.orders TO gkm_ops",
      by: .attacks(["test a token against its hash"])),
    Removal("tables kept from vendors", "GRANT SELECT ON gkm.product TO gkm_vendor", by: .rights),
    Removal("what the daemon may not delete", "GRANT DELETE ON gkm.audit_event TO gkm_daemon", by: .rights),
    Removal("what staff reads of a case", "REVOKE SELECT (body) ON gkm.case_message FROM gkm_support", by: .rights),
    Removal("the search path of a function", "ALTER FUNCTION api.my_vendor() RESET search_path", by: .lints),
    Removal("who calls a function", "GRANT EXECUTE ON FUNCTION api.whoami() TO PUBLIC", by: .lints),
    Removal(
      "who reveals keys", "GRANT EXECUTE ON FUNCTION api.reveal_request(bigint, text, bytea) TO gkm_support",
      by: .rights),
    Removal(
      "who may call the inner functions",
      "GRANT EXECUTE ON FUNCTION gkm.release_refund(bigint) TO gkm_ops", by: .rights),
    Removal(
      "whose rights a function has",
      "GRANT CREATE ON SCHEMA api TO gkm_owner; ALTER FUNCTION api.vendor_timeline(text) OWNER TO gkm_owner",
      by: .rights),
    Removal("who makes things beside the functions", "GRANT CREATE ON SCHEMA api TO gkm_ops", by: .lints),
    Removal("vendors' way to the tables' schema", "GRANT USAGE ON SCHEMA gkm TO gkm_vendor", by: .lints),
    Removal(
      "temporary tables", "GRANT TEMP ON DATABASE {database} TO PUBLIC",
      by: .attacks(["make a temporary table to shadow another"])),
    Removal("the language of code", "GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC", by: .lints),
    Removal(
      "advisory locks", "GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC",
      by: .attacks(["hold an advisory lock"])),
    Removal("the planner's statistics", "GRANT SELECT ON pg_catalog.pg_stats TO PUBLIC", by: .lints),
    Removal("one role each", "GRANT gkm_ops TO {support}", by: .lints),
    Removal("logins without rights of their own", "ALTER ROLE {support} BYPASSRLS", by: .lints),
    Removal("the audit duty of orders", "DROP TRIGGER require_audit ON gkm.orders", by: .lints),
    Removal(
      "the audit duty of payments, asleep", "ALTER TABLE gkm.payment DISABLE TRIGGER require_audit",
      by: .attacks(["move a payment without telling"])),
    Removal(
      "whose event one writes",
      "DROP POLICY daemon_append ON gkm.audit_event; CREATE POLICY daemon_append ON gkm.audit_event FOR INSERT TO gkm_daemon WITH CHECK (true)",
      by: .attacks(["write an event in somebody's name", "write an event of the past"])),
    Removal(
      "the books' seal", "DROP TRIGGER append_only ON gkm.ledger_posting",
      by: .attacks(["change what was posted as the owner"])),
    Removal(
      "who agrees to a refund, in the rows", "DROP TRIGGER demand_approvals ON gkm.refund_request",
      by: .attacks(["release a refund with too few agreements"])),
    Removal(
      "the tree's density", "DROP TRIGGER demand_dense_leaves ON gkm.audit_leaf",
      by: .attacks(["leave a hole in the tree"])),
    Removal(
      "text without control characters", "ALTER DOMAIN gkm.safe_text DROP CONSTRAINT safe_text_check",
      by: .attacks(["put an escape sequence into a note", "turn the audit log's text round"])),
    Removal(
      "one key, one order",
      "ALTER TABLE gkm.assignment DROP CONSTRAINT assignment_stock_unit_id_key; DROP INDEX gkm.assignment_one_active",
      by: .attacks(["sell one key twice"])),
    edited(
      "four eyes on a refund", "gkm.decide_refund(bigint, bigint, text, text)",
      "r.requested_by = session_user", "false", by: ["agree to one's own refund above the limit"]),
    edited(
      "four eyes on an ask", "api.approve_ask(bigint, bigint, text)", "a.asked_by = session_user", "false",
      by: ["agree to one's own ask, as the colleague who may"]),
    edited(
      "four eyes on a reveal", "api.reveal_decide(bigint, boolean, text)", "r.requested_by = session_user", "false",
      by: ["agree to one's own reveal"]),
    edited(
      "the hour's limit of reveals", "api.reveal_request(bigint, text, bytea)", "others >= hourly", "false",
      by: ["see more keys than the hour allows, with agreements that came late"]),
    edited(
      "the second person for many reveals", "api.reveal_request(bigint, text, bytea)", "others >= alone", "false",
      by: ["see more keys in an hour than one may alone"]),
    edited(
      "by when a reveal counts", "api.reveal_request(bigint, text, bytea)",
      "k.asked_at > now() - interval ''1 hour''", "k.requested_at > now() - interval ''1 hour''",
      by: ["see more keys than the hour allows, with agreements that came late"]),
    edited(
      "what is left of a payment", "gkm.refund_plan(bigint, text, bigint[], bigint, text)",
      "amount > remaining", "false", by: ["refund more than was paid"]),
    edited(
      "whose listing it is", "gkm.listing_to_stock(bigint, text)", "p_role <> ''vendor''", "true",
      by: ["import into another vendor's listing"]),
    edited(
      "whose endpoint it is", "gkm.lock_webhook(text, bigint, bigint, text)", "p_role <> ''vendor'' OR", "true OR",
      by: ["point another vendor's endpoint at oneself"]),
    edited(
      "the version that was shown", "gkm.lock_break(bigint, bigint)", "IS DISTINCT FROM p_version", "<> p_version",
      by: ["close a break whatever its version"]),
    edited(
      "how long a reason is", "gkm.audit(text, text, text, bigint, text, bigint, text, text, text[])",
      "length(reason) > 500", "false", by: ["write a megabyte of reason into the audit log"]),
    edited(
      "verifiers for passwords", "api.person_add(text, text, text, bigint, text)",
      "PERFORM gkm.demand_verifier(p_verifier)", "PERFORM 1",
      by: ["add a person with a clear password"]),
  ]

  /// A function in whose text something else stands than before.
  private static func edited(
    _ name: String, _ function: String, _ words: String, _ others: String, by attacks: [String]
  ) -> Removal {
    Removal(
      name,
      """
      DO $do$
      DECLARE
        was text := pg_get_functiondef('\(function)'::regprocedure);
      BEGIN
        IF strpos(was, '\(words)') = 0 THEN RAISE EXCEPTION 'there is nothing to take away'; END IF;
        EXECUTE replace(was, '\(words)', '\(others)');
      END $do$
      """, by: .attacks(attacks))
  }
}

/// Without any one of the protections something fails: none of them is there for nothing, and none is only believed in.
@Suite("Protections of the database, taken away") struct ProtectionLongTests {
  @Test("is noticed", arguments: Removal.all)
  func noticed(_ removal: Removal) async throws {
    try await Fortress.with { fortress in
      let database = fortress.seeded.market.database
      try await database.sql(
        removal.sql.replacing("{database}", with: database.name).replacing(
          "{support}", with: "support_\(database.suffix)")
          + ";")
      switch removal.noticed {
      case .rights:
        let problems = try await look(fortress) {
          try PolicyCatalogue.tableProblems($0) + PolicyCatalogue.functionProblems($0)
        }
        #expect(problems != [])
      case .lints:
        #expect(try await look(fortress) { try PolicyLints.problems($0) } != [])
      case .attacks(let names):
        for name in names {
          let attack = try #require(Self.attacks.first { $0.name == name }, "no attack is called \(name)")
          #expect(try await fortress.withstands(attack) != nil, "\(name): still refused")
        }
      }
    }
  }

  @Test("Without anything taken away, nothing is noticed")
  func control() async throws {
    try await Fortress.with { fortress in
      let problems = try await look(fortress) {
        try PolicyCatalogue.tableProblems($0) + PolicyCatalogue.functionProblems($0) + PolicyLints.problems($0)
      }
      #expect(problems == [])
      for removal in Removal.all {
        guard case .attacks(let names) = removal.noticed else { continue }
        for name in names {
          let attack = try #require(Self.attacks.first { $0.name == name }, "no attack is called \(name)")
          #expect(try await fortress.withstands(attack) == nil, "\(name)")
        }
      }
    }
  }

  private static let attacks = VendorAttacks.all + StaffAttacks.all + ProgramAttacks.all

  private func look(
    _ fortress: Fortress, _ body: @Sendable @escaping (borrowing Session) throws -> [String]
  ) async throws -> [String] {
    let superuser = try await PostgresConnection.connect(fortress.seeded.market.superuser)
    let problems = try await superuser.run(body)
    await superuser.close()
    return problems
  }
}
