import Foundation
import Market
import Outbound
import Postgres
import Store
import TestSupport
import Testing

@testable import Daemon

/// The workers as a whole: real PostgreSQL, real mail, and no Redis at all.
@Suite struct WorkersTests {
  /// Runs workers against a bench and a mail server until `body` is through, then shuts them down gracefully.
  private func working<T: Sendable>(
    _ bench: Workbench, mail url: String, limits: WorkLimits = WorkLimits(lease: .seconds(3)),
    _ body: @Sendable @escaping () async throws -> T
  ) async throws -> T {
    try await NoticeBench(bench: bench, vault: bench.vault, daemon: bench.daemon)
      .working(NoticeBench.settings(), mail: url, limits: limits, body)
  }

  /// Stores a real event's bytes, as intake does.
  private func post(_ bench: Workbench, _ events: [(id: String, body: String)]) async throws {
    let received = events.map {
      ReceivedEvent(
        id: $0.id, type: "checkout.session.completed", state: .pending, body: Array($0.body.utf8), signature: "")
    }
    _ = try await bench.daemon.write { try EventIntake.record($0, received.sorted { $0.id < $1.id }) }
  }

  private func completed(_ order: OpenedOrder, amount: String? = nil) -> (id: String, body: String) {
    let id = "evt_\(order.id)"
    return (
      id,
      """
      {"id":"\(id)","object":"event","type":"checkout.session.completed","created":1767225600,"livemode":false,
       "data":{"object":{"id":"cs_\(order.id)","object":"checkout.session","mode":"payment","payment_status":"paid",
       "amount_total":\(amount ?? String(order.amount.amount)),"currency":"eur","payment_intent":"pi_\(order.id)",
       "metadata":{"order_id":"\(order.id)"},"customer_details":{"email":"buyer@example.com"}}}}
      """
    )
  }

  private func eventually(_ bench: Workbench, _ query: String, is wanted: String) async throws {
    let end = ContinuousClock.now + .seconds(30)
    while true {
      let found = try await bench.sql(query)
      if found == wanted { return }
      guard ContinuousClock.now < end else {
        Issue.record("\(query) is \(found), not \(wanted)")
        return
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  @Test func aPaidEventBecomesAKeyInTheMail() async throws {
    let mail = try await PrivateMail.start()
    try await Workbench.with(keys: 20) { bench in
      let orders = try await bench.open(1, 2, 1)
      try await post(bench, orders.map { completed($0) })
      try await working(bench, mail: mail.url) {
        try await eventually(bench, "SELECT count(*) FROM gkm.orders WHERE state = 'delivered';", is: "3")
      }
      let messages = try mail.messages()
      #expect(messages.count == 4)
      for number in 1...4 {
        #expect(messages.count { $0.contains("KEY-\(number)-AAAA") } == 1)
      }
      #expect(messages.allSatisfy { $0.contains("https://shop.example/o/") })
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job;") == "0")
      #expect(try await bench.imbalance() == "")
    }
    try await mail.stop()
  }

  @Test func oneBadEventDoesNotHoldUpItsBatch() async throws {
    let mail = try await PrivateMail.start()
    try await Workbench.with(keys: 20) { bench in
      let orders = try await bench.open(1, 1, 1, 1)
      var events = orders.dropFirst().map { completed($0) }
      // An amount that no column can hold: the database refuses it each time.
      events.append(completed(orders[0], amount: "999999999999999999"))
      try await post(bench, events)
      try await working(bench, mail: mail.url) {
        try await eventually(bench, "SELECT count(*) FROM gkm.orders WHERE state = 'delivered';", is: "3")
        // It need not wait for its retries here.
        for _ in 0..<4 {
          _ = try await bench.sql("UPDATE gkm.job SET run_at = now() WHERE lease_token IS NULL;")
          try await Task.sleep(for: .milliseconds(300))
        }
        try await eventually(bench, "SELECT count(*) FROM gkm.job_dead;", is: "1")
      }
      #expect(
        try await bench.sql("SELECT state FROM gkm.stripe_event WHERE event_id = 'evt_\(orders[0].id)';")
          == "quarantined")
      #expect(try await bench.state(of: orders[0]) == "open")
    }
    try await mail.stop()
  }

  @Test func aServerThatDiesAfterTheContentGetsTheSameKeyUnderTheSameMessageID() async throws {
    let server = try FickleMailServer(deaths: 2)
    defer { server.stop() }
    try await Workbench.with(keys: 5) { bench in
      let order = try await bench.open(1)[0]
      try await post(bench, [completed(order)])
      try await working(bench, mail: "smtp://127.0.0.1:\(server.port)?starttls=none") {
        try await eventually(bench, "SELECT state FROM gkm.orders;", is: "delivered")
      }
      let received = server.received
      #expect(received.count == 3)
      #expect(received.allSatisfy { $0.contains("KEY-1-AAAA") })
      let ids = received.map { $0.split(separator: "\n").first { $0.hasPrefix("Message-ID:") }.map(String.init) }
      #expect(Set(ids).count == 1)
      #expect(
        try await bench.sql("SELECT string_agg(outcome, ',' ORDER BY number) FROM gkm.delivery_attempt;")
          == "unknown,unknown,confirmed")
    }
  }

  @Test func aMailServerThatIsDownDefersAndNothingIsLost() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await bench.open(1)[0]
      try await post(bench, [completed(order)])
      let port = try FreePort.next()
      try await working(bench, mail: "smtp://127.0.0.1:\(port)?starttls=none") {
        try await eventually(bench, "SELECT state FROM gkm.delivery;", is: "retrying")
      }
      #expect(try await bench.sql("SELECT outcome FROM gkm.delivery_attempt LIMIT 1;") == "deferred")
      #expect(try await bench.state(of: order) == "paid")
      #expect(
        try await bench.sql("SELECT count(*) FROM gkm.job WHERE kind = 'deliver' AND lease_token IS NULL;") == "1")
    }
  }

  @Test func aBurstIsDeliveredOnceEach() async throws {
    let mail = try await PrivateMail.start()
    try await Workbench.with(keys: 200) { bench in
      var orders: [OpenedOrder] = []
      for _ in 0..<10 { orders += try await bench.open(1, 1, 1, 1, 1, 1, 1, 1, 1, 1) }
      let opened = orders
      try await working(bench, mail: mail.url, limits: WorkLimits(lease: .seconds(5), batch: 16, waitingDeliveries: 24))
      {
        try await post(bench, opened.map { completed($0) })
        try await eventually(bench, "SELECT count(*) FROM gkm.orders WHERE state = 'delivered';", is: "100")
      }
      let ids = try mail.messages().compactMap { message in
        message.split(separator: "\n").first { $0.hasPrefix("Message-ID:") }.map(String.init)
      }
      #expect(ids.count == 100)
      #expect(Set(ids).count == 100)
      #expect(try await bench.imbalance() == "")
    }
    try await mail.stop()
  }
}
