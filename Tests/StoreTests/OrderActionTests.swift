import Market
import Postgres
import Store
import TestSupport
import Testing

/// What people do about an order by hand, in the database that decides about it.
@Suite("Orders by hand") struct OrderActionTests {
  @Test func aResendCarriesTheSameKeyUnderTheNextMessageIDOfItsFamily() async throws {
    try await HandBench.with(keys: 3) { hand in
      let order = try await hand.delivered(2)
      let before = try await hand.bench.sql("SELECT message_id FROM gkm.delivery ORDER BY id LIMIT 1;")
      let support = try await hand.person(.support)
      let dry = try await support.read {
        try OrderActions.resend($0, order.id, version: 0, reason: nil, isDryRun: true)
      }
      #expect(dry.deliveries.map(\.position) == [1, 2] && dry.deliveries.allSatisfy { $0.state == .confirmed })
      let version = try await hand.version(order)
      try await support.write {
        _ = try OrderActions.resend($0, order.id, version: version, units: [1], reason: "nothing came")
      }
      #expect(try await hand.bench.state(of: order) == "delivered")
      let prepared = try await hand.bench.prepare().prepared
      #expect(prepared.map(\.position) == [1])
      #expect(prepared.first?.messageID == before.replacing("@", with: ".again-1@"))
      #expect(try await hand.keys(order) == "1 2")
      // Confirmed a second time it counts once.
      _ = try await hand.bench.settle(prepared.map { DeliveryOutcome($0, .confirmed, reply: "250", retryAfter: nil) })
      #expect(
        try await hand.bench.sql("SELECT units_delivered, state FROM gkm.orders WHERE id = \(order.id);")
          == "2|delivered")
      #expect(try await hand.offenders() == [])
    }
  }

  @Test func anOrderIsSentAgainThreeTimesAnHourAtMost() async throws {
    try await HandBench.with(keys: 1) { hand in
      let order = try await hand.delivered(1)
      let support = try await hand.person(.support)
      for _ in 1...3 {
        let version = try await hand.version(order)
        try await support.write {
          _ = try OrderActions.resend($0, order.id, version: version, reason: "nothing came")
        }
        let prepared = try await hand.bench.prepare().prepared
        _ = try await hand.bench.settle(prepared.map { DeliveryOutcome($0, .confirmed, reply: "250", retryAfter: nil) })
      }
      let version = try await hand.version(order)
      let refused = await #expect(throws: ActionRefused.self) {
        try await support.write {
          _ = try OrderActions.resend($0, order.id, version: version, reason: "nothing came")
        }
      }
      #expect(refused?.kind == .impossible && refused?.description.contains("3 times") == true)
      #expect(try await hand.offenders() == [])
    }
  }

  @Test func whatSupportAsksForElsewhereIsDoneWhenOpsAgrees() async throws {
    try await HandBench.with(keys: 2) { hand in
      let order = try await hand.delivered(1)
      let (support, ops) = (try await hand.person(.support), try await hand.person(.ops))
      let version = try await hand.version(order)
      let asked = try await support.write {
        try OrderActions.resend(
          $0, order.id, version: version, to: "right@example.org", reason: "typed it wrong")
      }
      let ask = try #require(asked.ask)
      #expect(try await hand.bench.sql("SELECT customer_email FROM gkm.orders;") == "buyer@example.com")
      let again = await #expect(throws: ActionRefused.self) {
        try await support.write {
          _ = try OrderActions.resend(
            $0, order.id, version: version + 1, to: "other@example.org", reason: "typed it wrong")
        }
      }
      #expect(again?.kind == .impossible)
      let own = await #expect(throws: ActionRefused.self) {
        try await support.write { _ = try AskActions.decide($0, .approve, ask, version: 1, reason: "I say so") }
      }
      #expect(own?.kind == .notAllowed)
      try await ops.write { _ = try AskActions.decide($0, .approve, ask, version: 1, reason: "looked into it") }
      let told = try await hand.bench.sql(
        """
        SELECT o.customer_email, v.customer_masked, c.old_email, a.state, a.address IS NULL, n.template
        FROM gkm.orders o JOIN gkm.vendor_order v ON v.order_id = o.id JOIN gkm.address_change c ON c.order_id = o.id
        JOIN gkm.ask a ON a.id = c.ask_id JOIN gkm.notice n ON n.dedupe = 'address_changed/' || c.id || '/email';
        """)
      #expect(told == "right@example.org|r•••@e•••.org|buyer@example.com|approved|t|address_changed")
      let prepared = try await hand.bench.prepare().prepared
      #expect(prepared.map(\.email) == ["right@example.org"])
      // The link in the new mail opens the order; the one that the old address has opens nothing.
      let vault = hand.bench.vault
      let pages = try await hand.bench.daemon.read { session in
        try [1, 2].map {
          try OrderPageRead.page(session, tokenHash: vault.token(order: order.id, generation: $0).storedHash) != nil
        }
      }
      #expect(pages == [false, true] && prepared.first?.tokenGeneration == 2)
      #expect(try await hand.offenders() == [])
      let late = await #expect(throws: ActionRefused.self) {
        try await ops.write { _ = try AskActions.decide($0, .refuse, ask, version: 1, reason: "too late") }
      }
      #expect(late?.kind == .changed)
    }
  }

  @Test func noKeyGoesElsewhereOnceItWasLookedAt() async throws {
    try await HandBench.with(keys: 1) { hand in
      let order = try await hand.delivered(1)
      try await hand.bench.sql(
        """
        BEGIN; SET LOCAL session_replication_role = replica;
        INSERT INTO gkm.reveal (order_id, order_unit_id, channel) SELECT order_id, id, 'page' FROM gkm.order_unit;
        COMMIT;
        """)
      let admin = try await hand.person(.admin)
      let version = try await hand.version(order)
      let refused = await #expect(throws: ActionRefused.self) {
        try await admin.write {
          _ = try OrderActions.resend($0, order.id, version: version, to: "b@example.org", reason: "asked to")
        }
      }
      #expect(refused?.kind == .impossible && refused?.description.contains("looked at") == true)
      for wrong in ["", "nobody", "a@b", "a b@example.org", "a@example.org\n"] {
        let bad = await #expect(throws: ActionRefused.self, "\(wrong)") {
          try await admin.write {
            _ = try OrderActions.resend($0, order.id, version: version, to: wrong, reason: "asked to")
          }
        }
        #expect(bad?.kind == .badRequest || wrong.hasSuffix("\n"))
      }
    }
  }

  @Test func aBadKeyIsTakenOutAndAnotherSentInItsPlace() async throws {
    try await HandBench.with(keys: 3) { hand in
      let order = try await hand.delivered(2)
      let ops = try await hand.person(.ops)
      let dry = try await ops.read {
        try OrderActions.replace($0, order.id, version: 0, unit: 2, reason: nil, isDryRun: true)
      }
      #expect(dry.inStock == 1 && dry.siblings.total == 3 && dry.siblings.sold == 2 && !dry.asks)
      let version = try await hand.version(order)
      let done = try await ops.write {
        try OrderActions.replace($0, order.id, version: version, unit: 2, reason: "used already")
      }
      #expect(done.key == StockUnitID(2) && done.replacedBy == StockUnitID(3))
      #expect(try await hand.bench.state(of: order) == "paid")
      #expect(
        try await hand.bench.sql("SELECT string_agg(state, ' ' ORDER BY id) FROM gkm.stock_unit;")
          == "assigned quarantined assigned")
      #expect(try await hand.bench.sql("SELECT available, reserved, sold FROM gkm.listing_stock;") == "0|0|2")
      #expect(
        try await hand.bench.sql("SELECT flagged_at IS NOT NULL, flag_reason FROM gkm.stock_import;")
          == "t|used already")
      #expect(try await hand.offenders() == [])
      let prepared = try await hand.bench.prepare().prepared
      #expect(prepared.map(\.place.unit) == [StockUnitID(3)])
      _ = try await hand.bench.settle(prepared.map { DeliveryOutcome($0, .confirmed, reply: "250", retryAfter: nil) })
      #expect(
        try await hand.bench.sql("SELECT state, units_delivered FROM gkm.orders;") == "delivered|2")
      #expect(
        try await hand.bench.sql("SELECT data ->> 'position' FROM gkm.notice WHERE template = 'key_replaced';") == "2")
      #expect(try await hand.offenders() == [])
      let siblings = try await ops.read { try OrderActions.siblings($0, order.id, unit: 2) }
      #expect(siblings.isFlagged && siblings.bad == 1 && siblings.quarantined == 1)
    }
  }

  @Test func withoutStockAKeyIsNotReplacedUnlessTheOrderMayWait() async throws {
    try await HandBench.with(keys: 1) { hand in
      let order = try await hand.delivered(1)
      let ops = try await hand.person(.ops)
      let version = try await hand.version(order)
      let refused = await #expect(throws: ActionRefused.self) {
        try await ops.write {
          _ = try OrderActions.replace($0, order.id, version: version, unit: 1, reason: "used already")
        }
      }
      #expect(refused?.kind == .impossible)
      #expect(try await hand.bench.sql("SELECT state FROM gkm.stock_unit;") == "assigned")
      try await ops.write {
        _ = try OrderActions.replace($0, order.id, version: version, unit: 1, waits: true, reason: "used already")
      }
      try await hand.look()
      #expect(try await hand.bench.state(of: order) == "paid_unfulfillable")
      #expect(try await hand.offenders() == [])
      try await hand.bench.stock(2...2)
      try await hand.look()
      #expect(try await hand.bench.prepare().prepared.map(\.place.unit) == [StockUnitID(2)])
      #expect(try await hand.keys(order) == "2")
      #expect(try await hand.offenders() == [])
    }
  }

  @Test func ofTwoWhoReplaceTheSameKeyAtOnceOneDoes() async throws {
    try await HandBench.with(keys: 4) { hand in
      let order = try await hand.delivered(1)
      let version = try await hand.version(order)
      let outcomes = try await withThrowingTaskGroup(of: Bool.self) { group in
        for role in [Role.ops, .admin, .ops, .admin] {
          let person = try await hand.person(role)
          group.addTask {
            do {
              try await person.write {
                _ = try OrderActions.replace($0, order.id, version: version, unit: 1, reason: "used already")
              }
              return true
            } catch let refused as ActionRefused {
              #expect(refused.kind == .changed)
              return false
            }
          }
        }
        return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(outcomes == 1)
      #expect(try await hand.bench.sql("SELECT count(*) FROM gkm.bad_key;") == "1")
      #expect(try await hand.bench.sql("SELECT count(*) FROM gkm.stock_unit WHERE state = 'quarantined';") == "1")
      #expect(try await hand.offenders() == [])
    }
  }

  @Test func aKeyThatIsReplacedWhileItIsOnTheWireTakesTheJobFromTheWorker() async throws {
    try await HandBench.with(keys: 2) { hand in
      let order = try await hand.bench.open(1)[0]
      try await hand.bench.apply(Story(order: order).completed())
      let old = try await hand.bench.prepare().prepared
      #expect(old.map(\.place.unit) == [StockUnitID(1)])
      let ops = try await hand.person(.ops)
      let version = try await hand.version(order)
      try await ops.write {
        _ = try OrderActions.replace($0, order.id, version: version, unit: 1, reason: "used already")
      }
      // What the worker sent of the old key counts no more, whatever the mail server said.
      let settled = try await hand.bench.settle(
        old.map { DeliveryOutcome($0, .confirmed, reply: "250", retryAfter: nil) })
      #expect(settled.lost.count == 1)
      let fresh = try await hand.bench.prepare().prepared
      #expect(fresh.map(\.place.unit) == [StockUnitID(2)] && fresh.first?.messageID != old.first?.messageID)
      _ = try await hand.bench.settle(fresh.map { DeliveryOutcome($0, .confirmed, reply: "250", retryAfter: nil) })
      #expect(try await hand.bench.state(of: order) == "delivered")
      #expect(try await hand.offenders() == [])
    }
  }

  @Test func aMailThatAWorkerHasInHandGoesToTheNewAddressAndOnce() async throws {
    try await HandBench.with(keys: 1) { hand in
      let order = try await hand.bench.open(1)[0]
      try await hand.bench.apply(Story(order: order).completed())
      let (lease, vault) = (Lease(for: .seconds(12)), hand.bench.vault)
      let jobs = try await hand.bench.daemon.write { try JobQueue.claim($0, .deliver, limit: 1, lease: lease) }
      #expect(jobs.count == 1)
      let ops = try await hand.person(.ops)
      let version = try await hand.version(order)
      try await ops.write {
        _ = try OrderActions.resend(
          $0, order.id, version: version, to: "right@example.org", reason: "typed it wrong")
      }
      // The worker comes too late: its job is another's.
      let late = try await hand.bench.daemon.write {
        try DeliveryClaim.prepare($0, jobs, lease: lease, attemptLimit: 8, vault: vault)
      }
      #expect(late.prepared.isEmpty)
      let prepared = try await hand.bench.prepare().prepared
      #expect(prepared.map(\.email) == ["right@example.org"])
      _ = try await hand.bench.settle(prepared.map { DeliveryOutcome($0, .confirmed, reply: "250", retryAfter: nil) })
      #expect(try await hand.bench.prepare().prepared.isEmpty)
      #expect(try await hand.bench.state(of: order) == "delivered")
      #expect(try await hand.offenders() == [])
    }
  }
}
