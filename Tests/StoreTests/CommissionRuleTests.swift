import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("Commission rules") struct CommissionRuleTests {
  private static let reason = "agreed with the vendor"

  private func admin<T: Sendable>(
    _ bench: Workbench, _ role: Role = .admin, _ body: @Sendable (PostgresConnection) async throws -> T
  ) async throws -> T {
    let person = try await PostgresConnection.connect(
      try await bench.market.person(role, vendor: role == .vendor ? VendorID(1) : nil, named: "a\(role.rawValue)"))
    do {
      let value = try await body(person)
      await person.close()
      return value
    } catch {
      await person.close()
      throw error
    }
  }

  private func set(
    _ person: PostgresConnection, _ draft: CommissionRules.Draft, version: Int64 = 0
  ) async throws -> CommissionRules.Made {
    try await person.write { try CommissionRules.set($0, draft, version: version, reason: Self.reason) }
  }

  private func refusal(_ body: () async throws -> Void) async -> ActionRefused? {
    do {
      try await body()
      return nil
    } catch {
      return error as? ActionRefused
    }
  }

  /// Soon, by a clock that the database's need not agree with.
  private static let soon = Instant(unixSeconds: 4_102_444_800)

  @Test func aNewRuleEndsTheOneBeforeItAndTakingItBackLetsThatGoOn() async throws {
    try await Workbench.with(keys: 2) { bench in
      try await admin(bench) { admin in
        let first = try await set(admin, .init(scope: .everything, basisPoints: 1_000))
        let next = try await set(
          admin, .init(scope: .everything, basisPoints: 900, from: Self.soon), version: first.version)
        #expect(next.replaces == first.rule)
        #expect(
          try await bench.sql(
            "SELECT upper(valid) = to_timestamp(4102444800), version FROM gkm.commission_rule WHERE id = 1;")
            == "t|2")
        let row = try await admin.read { try CommissionRules.rule($0, next.rule) }
        #expect(row.state == .coming)
        _ = try await admin.write {
          try CommissionRules.withdraw($0, next.rule, version: next.version, reason: Self.reason)
        }
        #expect(try await bench.sql("SELECT upper_inf(valid), version FROM gkm.commission_rule WHERE id = 1;") == "t|3")
        #expect(
          try await bench.sql(
            "SELECT string_agg(action, ' ' ORDER BY id) FROM gkm.audit_event WHERE subject_kind = 'commission_rule';")
            == "commission.changed commission.ended commission.changed commission.withdrawn commission.resumed")
        let order = try await bench.open(1)[0]
        #expect(
          try await bench.sql(
            "SELECT commission_rule_id, commission_bps, commission FROM gkm.order_line WHERE order_id = \(order.id);")
            == "1|1000|200")
      }
    }
  }

  @Test func whatWasSoldKeepsItsTerms() async throws {
    try await Workbench.with(keys: 4) { bench in
      try await admin(bench) { admin in
        let first = try await set(
          admin, .init(scope: .everything, basisPoints: 1_000, amounts: [.eur: CommissionAmounts(fixed: 30, max: 250)]))
        let before = try await bench.open(2)[0]
        _ = try await set(admin, .init(scope: .everything, basisPoints: 500), version: first.version)
        let after = try await bench.open(1)[0]
        #expect(
          try await bench.sql(
            """
            SELECT commission_bps, commission_fixed, commission_max, commission FROM gkm.order_line
            WHERE order_id IN (\(before.id), \(after.id)) ORDER BY order_id;
            """) == "1000|30|250|460\n500|0||100")
      }
    }
  }

  /// What nobody may make of a rule: the draft, the version, and the kind of refusal with a part of its words.
  static let refused: [(CommissionRules.Draft, Int64, ActionRefused.Kind, String)] = [
    (.init(scope: .everything, basisPoints: 10_001), 0, .badRequest, "basis points"),
    (.init(scope: .everything, basisPoints: 1, from: Instant(unixSeconds: 1_000_000_000)), 0, .badRequest, "past"),
    (.init(scope: .everything, basisPoints: 1, from: soon, until: soon), 0, .badRequest, "ends after"),
    (.init(scope: CommissionScope(vendor: VendorID(77)), basisPoints: 1), 0, .notFound, "vendor 77"),
    (.init(scope: CommissionScope(product: ProductID(77)), basisPoints: 1), 0, .notFound, "product 77"),
    (.init(scope: CommissionScope(category: "nothing"), basisPoints: 1), 0, .notFound, "nothing"),
    (
      .init(scope: CommissionScope(category: "game", product: ProductID(1)), basisPoints: 1), 0, .badRequest,
      "not for both"
    ),
    (
      .init(scope: .everything, basisPoints: 1, amounts: [.eur: CommissionAmounts(min: 5, max: 4)]), 0, .badRequest,
      "EUR"
    ),
    (
      .init(scope: .everything, basisPoints: 1, amounts: [.jpy: CommissionAmounts(fixed: -1)]), 0, .badRequest,
      "fixed in JPY"
    ),
    (.init(scope: .everything, basisPoints: 1), 3, .changed, "none now"),
  ]

  @Test func whatCannotBeARuleIsRefusedInOneSentenceAndChangesNothing() async throws {
    try await Workbench.with(keys: 1) { bench in
      try await admin(bench) { admin in
        for (draft, version, kind, words) in Self.refused {
          let refusal = await refusal { _ = try await set(admin, draft, version: version) }
          #expect(
            refusal?.kind == kind && refusal?.description.contains(words) == true,
            "\(draft): \(String(describing: refusal))")
        }
        let refusal = await refusal {
          _ = try await admin.write {
            try CommissionRules.set($0, .init(scope: .everything, basisPoints: 1), version: 0, reason: "no")
          }
        }
        #expect(refusal?.kind == .badRequest)
      }
      #expect(try await bench.sql("SELECT count(*) FROM gkm.commission_rule;") == "0")
    }
  }

  @Test func rulesForTheSameNeverOverlap() async throws {
    try await Workbench.with(keys: 1) { bench in
      try await admin(bench) { admin in
        let scope = CommissionScope(vendor: VendorID(1))
        _ = try await set(admin, .init(scope: scope, basisPoints: 900, from: Self.soon))
        let overlapping = await refusal { _ = try await set(admin, .init(scope: scope, basisPoints: 800)) }
        #expect(overlapping?.kind == .impossible && overlapping?.description.contains("begins on 2100-01-01") == true)
        let bounded = try await set(admin, .init(scope: scope, basisPoints: 800, until: Self.soon))
        let beginsThen = await refusal {
          _ = try await set(admin, .init(scope: scope, basisPoints: 700, from: Self.soon), version: 1)
        }
        #expect(beginsThen?.kind == .impossible)
        let running = await refusal {
          _ = try await admin.write {
            try CommissionRules.withdraw($0, bounded.rule, version: bounded.version, reason: Self.reason)
          }
        }
        #expect(running?.kind == .impossible && running?.description.contains("let it end") == true)
        let stale = await refusal {
          _ = try await admin.write {
            try CommissionRules.end($0, bounded.rule, version: 9, until: nil, reason: Self.reason)
          }
        }
        #expect(stale?.kind == .changed)
      }
      // Nor by any other way.
      await #expect(throws: (any Error).self) {
        _ = try await bench.sql(
          """
          BEGIN; SET LOCAL session_replication_role = replica;
          INSERT INTO gkm.commission_rule (vendor_id, basis_points, valid) VALUES (1, 1, tstzrange('2090-01-01', NULL));
          COMMIT;
          """)
      }
    }
  }

  @Test func nobodyButAnAdminChangesARule() async throws {
    try await Workbench.with(keys: 1) { bench in
      for role in [Role.support, .ops, .vendor] {
        try await admin(bench, role) { person in
          let refusal = await refusal { _ = try await set(person, .init(scope: .everything, basisPoints: 1)) }
          #expect(refusal?.kind == .notAllowed, "\(role)")
        }
      }
      #expect(try await bench.sql("SELECT count(*) FROM gkm.commission_rule;") == "0")
    }
  }

  @Test func checkoutChoosesAsTheDomainDoes() async throws {
    try await Workbench.with(keys: 40) { bench in
      let scopes = [
        CommissionScope.everything, CommissionScope(category: "game"), CommissionScope(vendor: VendorID(1)),
        CommissionScope(vendor: VendorID(1), category: "game"), CommissionScope(product: ProductID(1)),
        CommissionScope(vendor: VendorID(1), product: ProductID(1)),
      ]
      var dice = Dice(seed: 5)
      let sale = CommissionSale(vendor: VendorID(1), category: "game", product: ProductID(1))
      for round in 0..<12 {
        var rules: [CommissionRule] = []
        for (place, scope) in scopes.enumerated() where dice.chance(0.6) {
          var own = CommissionAmounts(fixed: Int64(dice.number(0...40)))
          if dice.chance(0.5) { own.min = Int64(dice.number(0...300)) }
          if dice.chance(0.5) { own.max = (own.min ?? 0) + Int64(dice.number(0...300)) }
          rules.append(
            CommissionRule(
              id: CommissionRuleID(Int64(round * 10 + place + 1)), scope: scope, basisPoints: dice.number(0...3_000),
              amounts: [.eur: own]))
        }
        try await bench.write(rules)
        let order = try await bench.open(dice.number(1...3))[0]
        let deciding = CommissionRule.deciding(rules, for: sale, at: Instant(unixSeconds: 0))
        let terms = deciding?.terms(in: .eur) ?? .none
        let split = try terms.split(unitPrice: Workbench.price, quantity: order.lines[0].quantity)
        #expect(
          try await bench.sql("SELECT commission_rule_id, commission FROM gkm.order_line WHERE order_id = \(order.id);")
            == "\(deciding.map { "\($0.id)" } ?? "")|\(split.commission.amount)")
      }
    }
  }
}

extension Workbench {
  /// These rules, since ever, and no others.
  fileprivate func write(_ rules: [CommissionRule]) async throws {
    let rows = rules.map { rule in
      let own = rule.amounts[.eur] ?? CommissionAmounts()
      let members = [("fixed", own.fixed), ("min", own.min), ("max", own.max)].compactMap { name, amount in
        amount.map { "\"\(name)\": \($0)" }
      }
      return """
        INSERT INTO gkm.commission_rule (id, vendor_id, category, product_id, basis_points, amounts, valid)
          OVERRIDING SYSTEM VALUE VALUES (\(rule.id), \(rule.scope.vendor.map { "\($0)" } ?? "NULL"),
          \(rule.scope.category.map { "'\($0)'" } ?? "NULL"), \(rule.scope.product.map { "\($0)" } ?? "NULL"),
          \(rule.basisPoints), '{"eur": {\(members.joined(separator: ", "))}}', tstzrange('2020-01-01', NULL));
        """
    }
    try await sql(
      """
      BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM gkm.commission_rule;
      \(rows.joined(separator: "\n"))
      COMMIT;
      """)
  }
}
