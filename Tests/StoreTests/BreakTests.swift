import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("Breaks") struct BreakTests {
  private static func difference(_ amount: Int64 = 1_999, of subject: String = "pi_1") -> Difference {
    Difference(
      .paymentWithoutOrder, of: subject, order: nil, stripes: amount, currency: .eur, heals: false,
      "it is succeeded at Stripe and belongs to no order of ours")
  }

  private static let scope = ReconBreaks.Scope("pi_1", BreakKind.checked(by: .intent))

  private func settle(_ market: MarketDatabase, _ differences: [Difference]) async throws -> ReconBreaks.Result {
    let daemon = try await PostgresConnection.connect(market.daemon)
    let result = try await daemon.write { try ReconBreaks.settle($0, [Self.scope], differences, run: nil) }
    await daemon.close()
    return result
  }

  private func state(_ market: MarketDatabase) async throws -> String {
    try await market.database.sql("SELECT state, version FROM gkm.recon_break;")
  }

  @Test("Found again it is the same one; gone, it is healed; there again, it is open again") func life() async throws {
    try await MarketDatabase.with { market in
      #expect(try await settle(market, [Self.difference()]).opened == 1)
      #expect(try await settle(market, [Self.difference()]) == ReconBreaks.Result())
      #expect(try await settle(market, [Self.difference(5)]).changed == 1)
      #expect(try await settle(market, []).healed == 1)
      #expect(try await settle(market, []) == ReconBreaks.Result())
      #expect(try await settle(market, [Self.difference(5)]).reopened == 1)
      #expect(try await market.database.sql("SELECT count(*), min(state) FROM gkm.recon_break;") == "1|open")
      let actions = try await market.database.sql(
        "SELECT string_agg(action, ',' ORDER BY id) FROM gkm.audit_event WHERE subject_kind = 'recon_break';")
      #expect(
        actions
          == "recon.break.opened,recon.break.changed,recon.break.healed,recon.break.reopened")
    }
  }

  @Test("What was looked at for something else heals nothing") func scopes() async throws {
    try await MarketDatabase.with { market in
      _ = try await settle(market, [Self.difference()])
      let daemon = try await PostgresConnection.connect(market.daemon)
      let result = try await daemon.write {
        try ReconBreaks.settle(
          $0, [.init("pi_1", BreakKind.checked(by: .refund)), .init("pi_2", [.paymentWithoutOrder])], [], run: nil)
      }
      await daemon.close()
      #expect(result == ReconBreaks.Result())
    }
  }

  @Test("Ops assign, explain and close it, each with a reason and against the version that they saw") func people()
    async throws
  {
    try await MarketDatabase.with { market in
      _ = try await settle(market, [Self.difference()])
      let ops = try await PostgresConnection.connect(try await market.person(.ops))
      let row = try await ops.read { try BreakActions.current($0, ReconBreakID(1)) }
      #expect(row.state == .open && row.owner == "ops" && row.stripes == 1_999 && row.detail.contains("no order"))
      let assigned = try await ops.write {
        try BreakActions.assign($0, ReconBreakID(1), version: row.version, to: nil, reason: "I look at it")
      }
      await #expect(throws: ActionRefused.self) {
        _ = try await ops.write {
          try BreakActions.explain($0, ReconBreakID(1), version: row.version, reason: "too late")
        }
      }
      await #expect(throws: ActionRefused.self) {
        _ = try await ops.write { try BreakActions.close($0, ReconBreakID(1), version: assigned, reason: " ") }
      }
      let explained = try await ops.write {
        try BreakActions.explain($0, ReconBreakID(1), version: assigned, reason: "another shop's sale")
      }
      _ = try await ops.write {
        try BreakActions.close($0, ReconBreakID(1), version: explained, reason: "refunded by hand")
      }
      #expect(try await state(market) == "closed|4")
      await #expect(throws: ActionRefused.self) {
        _ = try await ops.write { try BreakActions.close($0, ReconBreakID(1), version: 4, reason: "once more") }
      }
      await ops.close()
      // As it was it stays closed; otherwise it is open again, and nobody's.
      #expect(try await settle(market, [Self.difference()]) == ReconBreaks.Result())
      #expect(try await settle(market, [Self.difference(7)]).reopened == 1)
      #expect(try await state(market) == "open|5")
      #expect(
        try await market.database.sql("SELECT assignee IS NULL AND explanation IS NULL FROM gkm.recon_break;") == "t")
    }
  }

  @Test("Support sees breaks and changes none; a vendor sees none") func roles() async throws {
    try await SeededMarket.with { seeded in
      _ = try await settle(seeded.market, [Self.difference()])
      let number = Int64(try await seeded.market.database.sql("SELECT id FROM gkm.recon_break;"))
      let id = ReconBreakID(try #require(number))
      let support = try await PostgresConnection.connect(try await seeded.person(.support))
      #expect(try await support.read { try BreakActions.current($0, id) }.object == "pi_1")
      await #expect(throws: ActionRefused.self) {
        _ = try await support.write {
          try BreakActions.close($0, id, version: 1, reason: "not for me")
        }
      }
      await support.close()
      let vendor = try await PostgresConnection.connect(try await seeded.person(.vendor))
      await #expect(throws: (any Error).self) {
        _ = try await vendor.read { try BreakActions.current($0, id) }
      }
      await vendor.close()
    }
  }

  @Test("An event in quarantine is applied again once a person asks; one of the other mode is not") func replay()
    async throws
  {
    try await MarketDatabase.with { market in
      let daemon = try await PostgresConnection.connect(market.daemon)
      let events = [(id: "evt_1", livemode: false), (id: "evt_2", livemode: true)].map {
        ReceivedEvent(
          id: $0.id, type: "charge.succeeded", state: .quarantined, livemode: $0.livemode, problem: "unreadable",
          body: [0x7B, 0x7D], signature: "")
      }
      _ = try await daemon.write { try EventIntake.recordWithAudit($0, events) }
      await daemon.close()
      let ops = try await PostgresConnection.connect(try await market.person(.ops))
      _ = try await ops.write { try ReplayEvent.replay($0, event: "evt_1", reason: "fixed by the new release") }
      for event in ["evt_1", "evt_2", "evt_3"] {
        await #expect(throws: ActionRefused.self, "\(event)") {
          _ = try await ops.write { try ReplayEvent.replay($0, event: event, reason: "once more") }
        }
      }
      await ops.close()
      #expect(
        try await market.database.sql(
          "SELECT state, replays FROM gkm.stripe_event WHERE event_id = 'evt_1';")
          == "pending|1")
      #expect(try await market.database.sql("SELECT kind, subject FROM gkm.job;") == "apply|evt_1")
    }
  }
}
