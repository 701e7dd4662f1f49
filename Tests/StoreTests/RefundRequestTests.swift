import Market
import Postgres
import Store
import TestSupport
import Testing

/// Who may have money given back, who has to agree, and that it is never more than was received.
@Suite("Refund requests") struct RefundRequestTests {
  private static let reason = "the customer bought it twice"

  /// A paid order of `units` at 19.99 EUR.
  private func paid(_ bench: Workbench, units: Int) async throws -> OpenedOrder {
    let order = try await bench.open(units)[0]
    try await bench.apply(Story(order: order).completed())
    return order
  }

  private func version(_ bench: Workbench, _ order: OpenedOrder) async throws -> Int64 {
    Int64(try await bench.sql("SELECT version FROM gkm.orders WHERE id = \(order.id);")) ?? 0
  }

  private func connect(_ bench: Workbench, _ role: Role, _ name: String) async throws -> PostgresConnection {
    try await PostgresConnection.connect(try await bench.market.person(role, named: name))
  }

  private func ask(
    _ bench: Workbench, _ person: PostgresConnection, _ order: OpenedOrder, _ scope: RefundScope, dry: Bool = false
  ) async throws -> RefundPlan {
    let version = try await version(bench, order)
    return try await person.write {
      try RefundActions.request(
        $0, order: order.id, version: version, scope, reason: Self.reason, isDryRun: dry)
    }
  }

  private func decide(
    _ person: PostgresConnection, _ decision: RefundActions.Decision, _ request: RefundRequestID, _ bench: Workbench
  ) async throws -> RefundRequestState {
    let version =
      Int64(try await bench.sql("SELECT version FROM gkm.refund_request WHERE id = \(request);")) ?? 0
    return try await person.write {
      try RefundActions.decide($0, decision, request: request, version: version, reason: "looked into it")
    }
  }

  private func refusal(_ body: () async throws -> Void) async -> ActionRefused.Kind? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? ActionRefused)?.kind
    }
  }

  @Test func upToTheLimitOpsDecideAloneAndTheUnitsAreHeldBack() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await paid(bench, units: 3)
      let ops = try await connect(bench, .ops, "ops")
      let plan = try await ask(bench, ops, order, .units([1, 3]))
      #expect(plan.scope == "units" && plan.amount == 3_998 && plan.left == 1_999 && plan.approvalsNeeded == 0)
      #expect(plan.units.map(\.position) == [1, 3] && plan.units.allSatisfy { $0.amount == 1_999 && $0.key != nil })
      #expect(plan.state == .approved)
      #expect(
        try await bench.sql("SELECT string_agg(state, ',' ORDER BY id) FROM gkm.order_unit;")
          == "refunding,sold,refunding")
      #expect(try await bench.sql("SELECT subject FROM gkm.job WHERE kind = 'refund';") == "\(plan.request!)")
      let actions = try await bench.sql(
        "SELECT action, actor FROM gkm.audit_event WHERE subject_kind = 'refund_request';")
      #expect(actions == "refund.requested|ops_\(bench.market.database.suffix)")
      await ops.close()
    }
  }

  @Test func aDryRunTellsAndChangesNothing() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await paid(bench, units: 3)
      let support = try await connect(bench, .support, "support")
      let plan = try await support.read {
        try RefundActions.request($0, order: order.id, version: 0, .amount(1_000), reason: nil, isDryRun: true)
      }
      #expect(plan.scope == "amount" && plan.amount == 1_000 && plan.units.isEmpty && plan.request == nil)
      #expect(plan.approvalsNeeded == 1)
      #expect(plan.lines.map(\.amount) == [1_000])
      let all = try await ask(bench, support, order, .amount(5_997), dry: true)
      #expect(all.scope == "whole" && all.units.count == 3)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.refund_request;") == "0")
      await support.close()
    }
  }

  @Test func supportOnlyAsksAndNobodyAgreesWithThemselves() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await paid(bench, units: 1)
      let support = try await connect(bench, .support, "support")
      let ops = try await connect(bench, .ops, "ops")
      let plan = try await ask(bench, support, order, .whole)
      let request = try #require(plan.request)
      #expect(plan.state == .awaitingApproval)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job WHERE kind = 'refund';") == "0")
      #expect(await refusal { _ = try await decide(support, .approve, request, bench) } == .notAllowed)
      #expect(try await decide(ops, .approve, request, bench) == .approved)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job WHERE kind = 'refund';") == "1")
      #expect(await refusal { _ = try await decide(ops, .reject, request, bench) } == .impossible)
      for person in [support, ops] { await person.close() }
    }
  }

  @Test func aboveTheLimitTwoWhoMayRefundStandBehindIt() async throws {
    try await Workbench.with(keys: 20) { bench in
      let orders = [try await paid(bench, units: 6), try await paid(bench, units: 6)]
      let support = try await connect(bench, .support, "support")
      let first = try await connect(bench, .ops, "ops")
      let second = try await connect(bench, .admin, "admin")
      let own = try await ask(bench, first, orders[0], .whole)
      #expect(own.approvalsNeeded == 1 && own.state == .awaitingApproval)
      let request = try #require(own.request)
      #expect(await refusal { _ = try await decide(first, .approve, request, bench) } == .notAllowed)
      #expect(try await decide(second, .approve, request, bench) == .approved)

      let asked = try #require(try await ask(bench, support, orders[1], .whole).request)
      #expect(try await decide(first, .approve, asked, bench) == .awaitingApproval)
      #expect(await refusal { _ = try await decide(first, .approve, asked, bench) } == .impossible)
      #expect(try await decide(second, .approve, asked, bench) == .approved)
      for person in [support, first, second] { await person.close() }
    }
  }

  @Test func whatAnOrderHadCountsTowardsTheLimit() async throws {
    try await Workbench.with(keys: 20) { bench in
      let order = try await paid(bench, units: 6)
      let ops = try await connect(bench, .ops, "ops")
      #expect(try await ask(bench, ops, order, .amount(6_000)).approvalsNeeded == 0)
      #expect(try await ask(bench, ops, order, .amount(4_000)).approvalsNeeded == 0)
      #expect(try await ask(bench, ops, order, .amount(1)).approvalsNeeded == 1)
      await ops.close()
    }
  }

  @Test func theDatabaseItselfRefusesASelfMadeApproval() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await paid(bench, units: 1)
      let support = try await connect(bench, .support, "support")
      let request = try #require(try await ask(bench, support, order, .whole).request)
      await #expect(throws: PostgresError.self) {
        try await bench.daemon.write {
          _ = try $0.execute("UPDATE gkm.refund_request SET state = 'approved' WHERE id = \(request)")
        }
      }
      // Not even a superuser's hand writes an approval by whoever asked.
      await #expect(throws: (any Error).self) {
        _ = try await bench.sql(
          """
          INSERT INTO gkm.refund_approval (request_id, requested_by, person, role, decision, reason)
          SELECT id, requested_by, requested_by, 'ops', 'approved', 'me' FROM gkm.refund_request;
          """)
      }
      await support.close()
    }
  }

  @Test func whatEndsGivesItsUnitsBack() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await paid(bench, units: 2)
      let support = try await connect(bench, .support, "support")
      let other = try await connect(bench, .support, "other")
      let ops = try await connect(bench, .ops, "ops")
      let first = try #require(try await ask(bench, support, order, .units([1])).request)
      #expect(await refusal { _ = try await ask(bench, ops, order, .units([1])) } == .impossible)
      #expect(await refusal { _ = try await decide(other, .cancel, first, bench) } == .notAllowed)
      #expect(try await decide(support, .cancel, first, bench) == .cancelled)
      let again = try #require(try await ask(bench, support, order, .units([1])).request)
      #expect(try await decide(ops, .reject, again, bench) == .rejected)
      let last = try #require(try await ask(bench, ops, order, .units([1])).request)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.order_unit WHERE state = 'refunding';") == "1")
      #expect(try await decide(ops, .cancel, last, bench) == .cancelled)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.order_unit WHERE state = 'sold';") == "2")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job WHERE kind = 'restock';") == "1")
      for person in [support, other, ops] { await person.close() }
    }
  }

  @Test func manyAtOnceNeverAskForMoreThanWasReceived() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await paid(bench, units: 3)
      let pool = PostgresPool(bench.market.daemon, maximum: 8)
      let made = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<12 {
          group.addTask {
            do {
              try await pool.write {
                _ = try $0.first(
                  "SELECT gkm.create_refund_request(\(order.id), 'one of many', 'amount', NULL, 1500)"
                ) { try $0.int64(0) }
              }
              return true
            } catch {
              return false
            }
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(made == 3)
      #expect(try await bench.sql("SELECT sum(amount) FROM gkm.refund_request;") == "4500")
      await pool.close()
    }
  }

  @Test func aStaleViewIsRefused() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await paid(bench, units: 2)
      let ops = try await connect(bench, .ops, "ops")
      let seen = try await version(bench, order)
      _ = try await ask(bench, ops, order, .amount(100))
      let kind = await refusal {
        _ = try await ops.write {
          try RefundActions.request($0, order: order.id, version: seen, .amount(100), reason: Self.reason)
        }
      }
      #expect(kind == .changed)
      await ops.close()
    }
  }

  @Test(arguments: [
    (RefundScope.units([]), ActionRefused.Kind.badRequest), (.units([4]), .badRequest), (.units([0]), .badRequest),
    (.amount(0), .badRequest), (.amount(-5), .badRequest), (.amount(5_998), .impossible), (.amount(.max), .impossible),
  ])
  func badInputIsRefusedInOneSentence(_ scope: RefundScope, _ kind: ActionRefused.Kind) async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await paid(bench, units: 3)
      let ops = try await connect(bench, .ops, "ops")
      #expect(await refusal { _ = try await ask(bench, ops, order, scope) } == kind)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.refund_request;") == "0")
      await ops.close()
    }
  }

  @Test func whatWasNotPaidOrIsDisputedIsNotRefunded() async throws {
    try await Workbench.with(keys: 5) { bench in
      let open = try await bench.open(1)[0]
      let disputed = try await paid(bench, units: 1)
      try await bench.apply(Story(order: disputed).disputed("created", "needs_response"))
      let ops = try await connect(bench, .ops, "ops")
      #expect(await refusal { _ = try await ask(bench, ops, open, .whole) } == .impossible)
      #expect(await refusal { _ = try await ask(bench, ops, disputed, .whole) } == .impossible)
      await ops.close()
    }
  }

  @Test func aRestoredDatabaseGivesNoNumberOutAgainThatStripeMayKnow() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await paid(bench, units: 2)
      let ops = try await connect(bench, .ops, "ops")
      let before = try #require(try await ask(bench, ops, order, .amount(100)).request)
      let migrator = try await PostgresConnection.connect(
        PostgresConfiguration(
          conninfo: bench.market.database.conninfo(user: "gkm_migrator", password: MarketDatabase.programPassword)))
      _ = try await migrator.write { try AfterRestore.beginEpoch($0) }
      let after = try #require(try await ask(bench, ops, order, .amount(100)).request)
      #expect(after.rawValue > before.rawValue + 100_000)
      for person in [ops, migrator] { await person.close() }
    }
  }

  @Test func settingsAreTheAdminsAlone() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await paid(bench, units: 1)
      let ops = try await connect(bench, .ops, "ops")
      let admin = try await connect(bench, .admin, "admin")
      let set = { (person: PostgresConnection, value: String, version: Int64) async throws -> Void in
        _ = try await person.write {
          try $0.first("SELECT api.set_setting('refund.limit.eur', \(value), \(version), 'less trust')") {
            try $0.int64(0)
          }
        }
      }
      await #expect(throws: PostgresError.self) { try await set(ops, "1", 1) }
      await #expect(throws: PostgresError.self) { try await set(admin, "1.5", 1) }
      await #expect(throws: PostgresError.self) { try await set(admin, "1", 7) }
      try await set(admin, "1000", 1)
      #expect(try await ask(bench, ops, order, .whole).approvalsNeeded == 1)
      #expect(
        try await bench.sql("SELECT count(*) FROM gkm.audit_event WHERE action = 'setting.changed';") == "1")
      for person in [ops, admin] { await person.close() }
    }
  }
}
