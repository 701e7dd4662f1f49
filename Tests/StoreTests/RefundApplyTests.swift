import Market
import Postgres
import Store
import TestSupport
import Testing

/// What Stripe's word on a refund makes of its request, its units, their keys and deliveries.
@Suite("Refunds of units") struct RefundApplyTests {
  /// Asks for it as the daemon does, and prepares it as if it went to Stripe now.
  private func sending(_ bench: Workbench, _ order: OpenedOrder, units: [Int]) async throws -> RefundRequestID {
    let ids = try await bench.daemon.read { session -> [Int64] in
      try session.rows("SELECT id FROM gkm.order_unit WHERE order_id = \(order.id) ORDER BY id") { try $0.int64(0) }
    }
    let picked = units.map { ids[$0 - 1] }
    let request = try await bench.daemon.write {
      try $0.first("SELECT gkm.create_refund_request(\(order.id), 'not wanted', 'units', \(picked))") {
        RefundRequestID(try $0.int64(0))
      }
    }
    let lease = Lease(for: .seconds(12))
    let jobs = try await bench.daemon.run { try JobQueue.claim($0, .refund, limit: 1, lease: lease) }
    let job = try #require(jobs.first)
    let prepared = try await bench.daemon.write { try RefundSending.prepare($0, job, lease: lease) }
    #expect(prepared?.request == request)
    return try #require(request)
  }

  private func event(
    _ order: OpenedOrder, _ request: RefundRequestID?, _ status: String, amount: Int64 = 1_999, name: String = ""
  ) -> (id: String, content: EventContent) {
    let story = Story(order: order)
    let refund = "re_\(request?.description ?? "dashboard")_\(order.id)"
    let fact = StripeFact.refund(
      id: refund, amount: amount, status: status, charge: story.charge, paymentIntent: story.intent,
      request: request?.description, failureReason: status == "failed" ? "lost_or_stolen_card" : nil)
    return (
      "evt_\(name)_\(status)_\(refund)",
      EventContent(
        references: EventReferences(intent: story.intent, charge: story.charge), facts: [fact],
        records: [.refund(id: refund, currency: .eur, createdAt: Instant(unixSeconds: 1_767_225_700))])
    )
  }

  private func reported(_ order: OpenedOrder, _ amount: Int64) -> (id: String, content: EventContent) {
    let story = Story(order: order)
    return (
      "evt_charge_\(amount)_\(order.id)",
      EventContent(
        references: EventReferences(intent: story.intent, charge: story.charge),
        facts: [.chargeRefunded(charge: story.charge, amountRefunded: amount, paymentIntent: story.intent)])
    )
  }

  private func units(_ bench: Workbench, _ order: OpenedOrder) async throws -> String {
    try await bench.sql(
      """
      SELECT string_agg(u.state || ':' || coalesce(d.state, '-') || ':' || (a.id IS NOT NULL), ' ' ORDER BY u.id)
      FROM gkm.order_unit u LEFT JOIN gkm.assignment a ON a.order_unit_id = u.id AND a.active
      LEFT JOIN gkm.delivery d ON d.order_unit_id = u.id WHERE u.order_id = \(order.id);
      """)
  }

  /// What `gkmd verify` finds wrong; the checks of what these tests touch.
  private func offenders(_ bench: Workbench) async throws -> [String] {
    let checks: Set = [
      "orders.state", "orders.sums", "orders.work", "payments.rows", "stock.states", "stock.counters", "stock.holds",
      "deliveries.counted", "deliveries.attempts", "refunds.sums", "refunds.keys", "refunds.once", "refunds.in_time",
    ]
    return try await bench.daemon.read(isolation: .repeatableRead) { session in
      try Verification().look(session, only: checks).flatMap { result in
        result.offenders.map { "\(result.check): \($0.name) \($0.problem)" }
      }
    }
  }

  @Test func whatIsAboutToBePaidBackIsNotSentAndTheOthersAre() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await bench.open(2)[0]
      try await bench.apply(Story(order: order).completed())
      let request = try await sending(bench, order, units: [1])
      #expect(try await bench.prepare().prepared.map(\.position) == [2])
      #expect(try await units(bench, order) == "refunding:pending:true sold:sending:true")

      try await bench.apply(event(order, request, "pending"))
      #expect(try await units(bench, order) == "refunded:cancelled:false sold:sending:true")
      #expect(try await bench.state(of: order) == "partially_refunded")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.stock_unit WHERE state = 'revoked';") == "1")
      #expect(try await bench.sql("SELECT state FROM gkm.refund_request;") == "sent")
      #expect(try await bench.imbalance() == "")
      try await bench.apply(event(order, request, "succeeded"))
      #expect(
        try await bench.sql("SELECT state, stripe_refund = 're_\(request)_\(order.id)' FROM gkm.refund_request;")
          == "succeeded|t")
      #expect(try await bench.sql("SELECT request_id FROM gkm.refund;") == "\(request)")
      #expect(try await offenders(bench) == [])
    }
  }

  @Test func everyOrderOfARefundsEventsAndOfOurOwnAnswerEndsTheSame() async throws {
    try await Workbench.with(keys: 60) { bench in
      var endings: Set<String> = []
      for permutation in ApplyTests.permutations(of: [0, 1, 2, 3]) {
        let order = try await bench.open(2)[0]
        try await bench.apply(Story(order: order).completed())
        try await bench.apply(Story(order: order).charged())
        let request = try await sending(bench, order, units: [2])
        let events = [
          event(order, request, "pending", name: "created"), event(order, request, "succeeded", name: "updated"),
          reported(order, 1_999), event(order, request, "pending", name: "answer"),
        ]
        for place in permutation { try await bench.apply(events[place]) }
        endings.insert(
          try await bench.sql(
            """
            SELECT o.state, p.refunded,
              (SELECT string_agg(u.state, ',' ORDER BY u.id) FROM gkm.order_unit u WHERE u.order_id = o.id),
              (SELECT string_agg(r.state, ',') FROM gkm.refund_request r WHERE r.order_id = o.id),
              (SELECT string_agg(r.status || r.amount, ',') FROM gkm.refund r WHERE r.order_id = o.id),
              (SELECT count(*) FROM gkm.assignment a WHERE a.order_id = o.id AND a.active),
              (SELECT count(*) FROM gkm.assignment a WHERE a.order_id = o.id)
            FROM gkm.orders o JOIN gkm.payment p ON p.order_id = o.id WHERE o.id = \(order.id);
            """))
      }
      #expect(endings == ["partially_refunded|1999|sold,refunded|succeeded|succeeded1999|1|2"])
      #expect(try await bench.imbalance() == "")
      #expect(try await offenders(bench) == [])
    }
  }

  @Test func aRefundThatFailsPutsTheOrderBackAndTheRevokedKeyStaysRevoked() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await bench.open(1)[0]
      try await bench.apply(Story(order: order).completed())
      try await deliver(bench)
      #expect(try await bench.state(of: order) == "delivered")
      let request = try await sending(bench, order, units: [1])
      try await bench.apply(event(order, request, "succeeded"))
      #expect(try await bench.state(of: order) == "refunded")
      #expect(try await units(bench, order) == "refunded:confirmed:false")
      try await bench.apply(event(order, request, "failed"))
      #expect(try await bench.state(of: order) == "paid")
      #expect(try await bench.sql("SELECT state, problem FROM gkm.refund_request;") == "failed|lost_or_stolen_card")
      #expect(try await units(bench, order) == "sold:pending:true")
      #expect(try await bench.sql("SELECT units_delivered FROM gkm.orders;") == "0")
      try await deliver(bench)
      #expect(try await bench.state(of: order) == "delivered")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.stock_unit WHERE state = 'revoked';") == "1")
      #expect(try await bench.imbalance() == "")
      #expect(try await offenders(bench) == [])
      // The unit may be asked for again.
      _ = try await sending(bench, order, units: [1])
    }
  }

  /// Sends what is due, and has it arrive.
  private func deliver(_ bench: Workbench) async throws {
    let prepared = try await bench.prepare().prepared
    _ = try await bench.settle(prepared.map { DeliveryOutcome($0, .confirmed, reply: "250 ok", retryAfter: nil) })
  }

  @Test(arguments: [true, false])
  func aUnitWhoseMailIsOnItsWayWhileItIsPaidBack(arrives: Bool) async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await bench.open(2)[0]
      try await bench.apply(Story(order: order).completed())
      let prepared = try await bench.prepare().prepared
      let request = try await sending(bench, order, units: [1])
      try await bench.apply(event(order, request, "succeeded"))
      // The key is revoked, wherever the mail is; whether it arrives is recorded as it is.
      #expect(try await units(bench, order) == "refunded:sending:false sold:sending:true")
      _ = try await bench.settle(
        prepared.map {
          DeliveryOutcome(
            $0, arrives || $0.position == 2 ? .confirmed : .deferred, reply: "451 later", retryAfter: .seconds(1))
        })
      #expect(
        try await units(bench, order) == "refunded:\(arrives ? "confirmed" : "retrying"):false sold:confirmed:true")
      try await bench.passTime()
      #expect(try await bench.prepare().prepared.isEmpty)
      #expect(
        try await units(bench, order) == "refunded:\(arrives ? "confirmed" : "cancelled"):false sold:confirmed:true")
      #expect(try await bench.state(of: order) == "partially_refunded")
      #expect(try await offenders(bench) == [])
    }
  }

  @Test func aCrashedAttemptOfAUnitThatIsAboutToBePaidBackWaits() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await bench.open(1)[0]
      try await bench.apply(Story(order: order).completed())
      #expect(try await bench.prepare().prepared.count == 1)
      let request = try await sending(bench, order, units: [1])
      try await bench.passTime()
      #expect(try await bench.prepare().prepared.isEmpty)
      #expect(try await units(bench, order) == "refunding:retrying:true")
      #expect(try await bench.sql("SELECT string_agg(outcome, ',') FROM gkm.delivery_attempt;") == "unknown")
      // Stripe refuses: the unit is sent after all.
      let lease = Lease(for: .seconds(12))
      try await bench.passTime()
      let job = try #require(
        try await bench.daemon.run { try JobQueue.claim($0, .refund, limit: 1, lease: lease) }.first)
      let refund = try #require(
        try await bench.daemon.write { try RefundSending.prepare($0, job, lease: lease) })
      #expect(refund.attempt == 2 && !refund.isKeyOld && refund.request == request)
      try await bench.daemon.write {
        try RefundSending.fail($0, refund, job, lease: lease, problem: "charge_disputed")
      }
      #expect(try await bench.sql("SELECT state, problem FROM gkm.refund_request;") == "failed|charge_disputed")
      try await bench.passTime()
      #expect(try await bench.prepare().prepared.count == 1)
      #expect(try await offenders(bench) == [])
    }
  }

  @Test func refundsMadeInStripesDashboardKeepTheKeysUntilTheyAreWhole() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await bench.open(2)[0]
      try await bench.apply(Story(order: order).completed())
      try await bench.apply(event(order, nil, "succeeded", amount: 1_000))
      #expect(try await bench.state(of: order) == "partially_refunded")
      #expect(try await units(bench, order) == "sold:pending:true sold:pending:true")
      try await bench.apply(reported(order, 3_998))
      #expect(try await bench.state(of: order) == "refunded")
      #expect(try await units(bench, order) == "refunded:cancelled:false refunded:cancelled:false")
      #expect(try await bench.imbalance() == "")
      #expect(try await offenders(bench) == [])
    }
  }

  @Test func stockThatAHeldOrdersRefundedUnitHoldsComesBack() async throws {
    try await Workbench.with(keys: 2) { bench in
      let order = try await bench.open(2)[0]
      // A euro too much: held, nothing is bound.
      try await bench.apply(Story(order: order).completed(amount: 4_098))
      #expect(try await bench.state(of: order) == "held")
      let request = try await sending(bench, order, units: [1])
      try await bench.apply(event(order, request, "succeeded"))
      #expect(try await bench.state(of: order) == "held")
      let rest = try await sending(bench, order, units: [2])
      try await bench.apply(event(order, rest, "succeeded"))
      #expect(try await bench.state(of: order) == "held")
      try await bench.apply(event(order, nil, "succeeded", amount: 100))
      #expect(try await bench.state(of: order) == "refunded")
      #expect(try await bench.sql("SELECT available, reserved, sold FROM gkm.listing_stock;") == "2|0|0")
      #expect(try await bench.imbalance() == "")
      #expect(try await offenders(bench) == [])
    }
  }

  @Test func thePageShowsNoKeyOfAUnitThatIsPaidBackOrAboutToBe() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await bench.open(2)[0]
      try await bench.apply(Story(order: order).completed())
      let reveal = KeyReveal(vault: bench.vault)
      let hash = try await bench.daemon.read {
        try $0.first("SELECT token_hash FROM gkm.orders") { try $0.bytes(0) }
      }
      let shown = { () async throws -> Int in
        let outcome = try await bench.daemon.write {
          try reveal.reveal($0, tokenHash: hash ?? [], by: .init(address: nil, agent: nil))
        }
        if case .shown(_, let keys) = outcome { return keys.count }
        return 0
      }
      #expect(try await shown() == 2)
      let request = try await sending(bench, order, units: [1])
      #expect(try await shown() == 1)
      try await bench.apply(event(order, request, "succeeded"))
      #expect(try await shown() == 1)
      let rest = try await sending(bench, order, units: [2])
      #expect(try await shown() == 0)
      try await bench.apply(event(order, rest, "succeeded"))
      #expect(try await shown() == 0)
    }
  }

  @Test func whatWentBackByAnotherWayIsNotSentAgain() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await bench.open(1)[0]
      try await bench.apply(Story(order: order).completed())
      _ = try await bench.daemon.write {
        try $0.first("SELECT gkm.create_refund_request(\(order.id), 'not wanted')") { try $0.int64(0) }
      }
      try await bench.apply(event(order, nil, "succeeded"))
      let lease = Lease(for: .seconds(12))
      let job = try #require(
        try await bench.daemon.run { try JobQueue.claim($0, .refund, limit: 1, lease: lease) }.first)
      #expect(try await bench.daemon.write { try RefundSending.prepare($0, job, lease: lease) } == nil)
      #expect(try await bench.sql("SELECT state FROM gkm.refund_request;") == "failed")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job WHERE kind = 'refund';") == "0")
      #expect(try await units(bench, order) == "refunded:cancelled:false")
      #expect(try await offenders(bench) == [])
    }
  }
}
