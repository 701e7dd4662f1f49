import Market
import Postgres
import TestSupport

/// The seeded market with people in it and with things that they could be after: what attacks by SQL and with the
/// console are made on.
struct Fortress: Sendable {
  let seeded: SeededMarket
  let logins: [Attacker: PostgresConfiguration]
  private let superuser: PostgresConnection
  /// The process of a session that somebody could want to end.
  private let pid: String

  private var suffix: String { seeded.market.database.suffix }

  static func with<T: Sendable>(_ body: @Sendable (Fortress) async throws -> T) async throws -> T {
    try await SeededMarket.with { seeded in
      var logins: [Attacker: PostgresConfiguration] = [
        .daemon: seeded.market.daemon, .sealer: seeded.market.sealer,
        .migrator: PostgresConfiguration(
          conninfo: seeded.market.database.conninfo(user: "gkm_migrator", password: MarketDatabase.programPassword)),
      ]
      for (attacker, role) in [(Attacker.vendor, Role.vendor), (.support, .support), (.ops, .ops), (.admin, .admin)] {
        logins[attacker] = try await seeded.person(role)
      }
      _ = try await seeded.market.person(.ops, named: "other")
      let suffix = seeded.market.database.suffix
      try await seeded.market.database.sql(
        spoils(other: "other_\(suffix)", ops: "ops_\(suffix)", admin: "admin_\(suffix)"))
      let superuser = try await PostgresConnection.connect(seeded.market.superuser)
      let pid = try await superuser.run { try $0.first("SELECT pg_backend_pid()::text") { try $0.string(0) } } ?? ""
      let fortress = Fortress(seeded: seeded, logins: logins, superuser: superuser, pid: pid)
      do {
        let value = try await body(fortress)
        await superuser.close()
        return value
      } catch {
        await superuser.close()
        throw error
      }
    }
  }

  /// What the seeded market lacks: things of the other vendor and of another person, under ids from 9001, and limits
  /// that are soon reached. Of two asks one is of who was with support before and is of operations now. The admin was shown three keys a moment ago that were asked for long before.
  private static func spoils(other: String, ops: String, admin: String) -> String {
    """
    BEGIN; SET LOCAL session_replication_role = replica;
    UPDATE gkm.setting SET value = '100', version = 2 WHERE name = 'refund.limit.eur';
    INSERT INTO gkm.setting (name, value) VALUES
      ('reveal.alone', '2'), ('reveal.hourly_limit', '3'), ('reveal.find_limit', '1');
    INSERT INTO gkm.exchange_key (public_key) VALUES (decode(repeat('07', 32), 'hex')) ON CONFLICT DO NOTHING;
    INSERT INTO gkm.webhook_endpoint (id, vendor_id, url, events) VALUES
      (9001, 1, 'https://keyhaus.example/hook', '{order.new}'),
      (9002, 2, 'https://nordlicht.example/hook', '{order.new}');
    INSERT INTO gkm.webhook_health (endpoint_id, vendor_id) VALUES (9001, 1), (9002, 2);
    INSERT INTO gkm.webhook_secret_request (id, endpoint_id, vendor_id, public_key, sealed, requested_by)
      VALUES (9001, 9002, 2, decode(repeat('07', 32), 'hex'), decode(repeat('07', 64), 'hex'), '\(other)');
    INSERT INTO gkm.support_case (id, queue, kind, order_id, vendor_id, audience, priority, due_at)
      VALUES (9002, 'ops', 'bad_key', 4, 2, 'vendor', 'normal', now());
    INSERT INTO gkm.case_message (case_id, audience, vendor_id, author, author_role, body)
      VALUES (9002, 'vendor', 2, '\(other)', 'ops', 'Is this key yours?');
    INSERT INTO gkm.ask (id, kind, order_id, address, reason, asked_by, asked_as)
      VALUES (9001, 'resend_elsewhere', 3, 'c@example.org', 'wrong address', '\(other)', 'support'),
        (9002, 'resend_elsewhere', 2, 'c@example.org', 'wrong address', '\(ops)', 'support');
    INSERT INTO gkm.refund_request (id, order_id, payment_intent, scope, amount, currency, reason, state,
      approvals_needed, requested_by, requested_as)
      VALUES (9001, 12, 'pi_12', 'amount', 500, 'eur', 'customer asked', 'awaiting_approval', 2, '\(other)', 'support');
    INSERT INTO gkm.resend (delivery_id, number, order_id, asked_at)
      SELECT 1, n, 1, now() - make_interval(mins => n) FROM generate_series(1, 3) n;
    INSERT INTO gkm.job_dead (id, kind, subject, attempts, problem, created_at)
      VALUES (9001, 'deliver', '1', 8, 'gave up', now());
    INSERT INTO gkm.recon_break (id, kind, subject, detail) OVERRIDING SYSTEM VALUE
      VALUES (9001, 'amount_differs', 'ch_1', 'off by one');
    INSERT INTO gkm.alert (id, rule, state, last_value, since, fired_at) OVERRIDING SYSTEM VALUE
      VALUES (9001, 'late_orders', 'firing', 1, now(), now());
    INSERT INTO gkm.key_request (id, kind, stock_unit_id, reason, state, requested_by, requested_as, decided_by,
      requested_at, asked_at) OVERRIDING SYSTEM VALUE
      SELECT 9000 + n, 'reveal', 10 + n, 'long ago', 'fetched', '\(admin)', 'admin', '\(other)',
        now() - interval '2 hours', now() - interval '10 minutes' FROM generate_series(1, 3) n;
    INSERT INTO gkm.key_request (id, kind, state, requested_by, requested_as, asked_at) OVERRIDING SYSTEM VALUE
      VALUES (9010, 'find', 'fetched', '\(admin)', 'admin', now());
    COMMIT;
    """
  }

  /// All that the market holds.
  func digest() async throws -> MarketDigest { try await superuser.run { try MarketDigest.read($0) } }

  /// Makes an attack; answers what is wrong with how it ended, `nil` where it ended as it has to.
  func withstands(_ attack: Attack) async throws -> String? {
    switch attack.way {
    case .refused(let first, let sql, let states, let says):
      return try await session(attack) { session in
        do {
          if !first.isEmpty { try session.script("BEGIN; " + fill(first, attack)) }
        } catch let error as PostgresError {
          return "what comes first is refused: \(error.sqlState ?? "") \(error.message)"
        }
        do {
          try session.script(fill(sql, attack))
          return "it was done"
        } catch let error as PostgresError {
          let isExpected = states.contains(error.sqlState ?? "") && error.message.contains(says)
          return isExpected ? nil : "\(error.sqlState ?? "no SQLSTATE"): \(error.message)"
        }
      }
    case .answered(let first, let sql, let rows):
      return try await session(attack) { session in
        do {
          try session.script("BEGIN; " + fill(first, attack))
          let found = try session.rows(SQL(unescaped: fill(sql, attack))) { try $0.string(0) }
          return found == rows ? nil : "it is answered with \(found)"
        } catch let error as PostgresError {
          return "\(error.sqlState ?? "no SQLSTATE"): \(error.message)"
        }
      }
    case .console(let words, let status, let says):
      guard let login = logins[attack.attacker] else { return "nobody signs in as \(attack.attacker)" }
      let result = try await ChildProcess.run(
        try TestRun.program("gkm"), words.map { fill($0, attack) } + ["-d", login.conninfo],
        environment: [
          "HOME": "/nonexistent", "XDG_CONFIG_HOME": nil, "PGSERVICE": nil, "PGPASSFILE": nil, "REDIS_URL": nil,
          "SWIFT_BACKTRACE": "enable=no", "LC_ALL": "C",
        ])
      let isExpected = result.ending == .exited(status) && result.errors.contains(says) && result.output.isEmpty
      return isExpected ? nil : "\(result.ending): \(result.output)\(result.errors)"
    case .redis, .http: return "this is not what the fortress is for"
    }
  }

  private func session(
    _ attack: Attack, _ body: @Sendable @escaping (borrowing Session) throws -> String?
  ) async throws -> String? {
    guard let login = logins[attack.attacker] else { return "nobody signs in as \(attack.attacker)" }
    let connection = try await PostgresConnection.connect(login)
    do {
      let complaint = try await connection.run(body)
      await connection.close()
      return complaint
    } catch {
      await connection.close()
      throw error
    }
  }

  private func fill(_ text: String, _ attack: Attack) -> String {
    let name = attack.attacker == .vendor ? "v1" : attack.attacker.rawValue
    return text.replacing("{me}", with: "\(name)_\(suffix)").replacing("{other}", with: "other_\(suffix)")
      .replacing("{database}", with: seeded.market.database.name).replacing("{pid}", with: pid)
  }
}
