import Foundation
import Glibc
import Market
import Postgres
import Store
import TestSupport
import Testing

@testable import Daemon

/// `gkmd serve --only workers`, killed in the middle of a burst, and started again.
@Suite struct KilledWorkersLongTests {
  private static let orders = 1_000

  private func start(_ bench: Workbench, _ mail: PrivateMail, _ redis: PrivateRedis) throws -> ChildProcess {
    try ChildProcess(
      try TestRun.program("gkmd"), ["serve", "--only", "workers"],
      environment: [
        "GKM_DATABASE_URL": bench.market.daemon.conninfo, "REDIS_URL": try redis.url(.daemon), "SMTP_URL": mail.url,
        "STRIPE_API_BASE": "http://127.0.0.1:9", "STRIPE_API_KEY": "sk_test_x", "STRIPE_WEBHOOK_SECRET": "whsec_x",
        "GKM_MASTER_KEY": String(repeating: "07", count: 32), "GKM_LISTEN": "127.0.0.1:\(try FreePort.next())",
        "GKM_METRICS_LISTEN": "127.0.0.1:\(try FreePort.next())", "GKM_MAIL_INCLUDES_KEY": "true",
      ])
  }

  private func delivered(_ bench: Workbench) async throws -> Int {
    Int(try await bench.sql("SELECT count(*) FROM gkm.orders WHERE state = 'delivered';")) ?? 0
  }

  @Test func noOrderIsLostAndASecondCopyOnlyComesWhereTheFirstIsInDoubt() async throws {
    let mail = try await PrivateMail.start()
    let redis = try await PrivateRedis.shared()
    try await Workbench.with(keys: Self.orders) { bench in
      var opened: [OpenedOrder] = []
      for _ in 0..<(Self.orders / 10) { opened += try await bench.open(1, 1, 1, 1, 1, 1, 1, 1, 1, 1) }
      let events = opened.map { order in
        ReceivedEvent(
          id: "evt_\(order.id)", type: "checkout.session.completed", state: .pending, body: Self.body(of: order),
          signature: "")
      }
      _ = try await bench.daemon.write { try EventIntake.record($0, events.sorted { $0.id < $1.id }) }

      // Killed as soon as something has arrived, then twice more while it works.
      var process = try start(bench, mail, redis)
      for step in 1...3 {
        let goal = try await delivered(bench) + 100 * step
        let end = ContinuousClock.now + .seconds(60)
        while try await delivered(bench) < min(goal, Self.orders), ContinuousClock.now < end {
          try await Task.sleep(for: .milliseconds(5))
        }
        try await process.end(SIGKILL)
        process = try start(bench, mail, redis)
      }
      let end = ContinuousClock.now + .seconds(180)
      while try await delivered(bench) < Self.orders, ContinuousClock.now < end {
        try await Task.sleep(for: .milliseconds(100))
      }
      #expect(try await delivered(bench) == Self.orders, "\(process.tail())")
      try await process.end()

      let ids = try mail.messages().compactMap { message in
        // Those that bring a key: receipts are mails of their own.
        message.split(separator: "\n").first { $0.hasPrefix("Message-ID: <unit-") }.map { String($0.dropFirst(12)) }
      }
      let copies = Dictionary(grouping: ids, by: \.self).mapValues(\.count)
      #expect(copies.count == Self.orders)
      let doubted = try await bench.sql(
        """
        SELECT d.message_id FROM gkm.delivery d
        WHERE EXISTS (SELECT FROM gkm.delivery_attempt t WHERE t.delivery_id = d.id AND t.outcome = 'unknown');
        """)
      let inDoubt = Set(doubted.split(separator: "\n").map(String.init))
      #expect(copies.filter { $0.value > 1 }.allSatisfy { inDoubt.contains($0.key) })
      #expect(try await bench.sql("SELECT count(*), count(DISTINCT stock_unit_id) FROM gkm.assignment;") == "1000|1000")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job WHERE kind <> 'notify';") == "0")
      #expect(try await bench.imbalance() == "")
    }
    try await mail.stop()
  }

  private static func body(of order: OpenedOrder) -> [UInt8] {
    Array(
      """
      {"id":"evt_\(order.id)","object":"event","type":"checkout.session.completed","created":1767225600,
       "livemode":false,"data":{"object":{"id":"cs_\(order.id)","object":"checkout.session","mode":"payment",
       "payment_status":"paid","amount_total":\(order.amount.amount),"currency":"eur",
       "payment_intent":"pi_\(order.id)","metadata":{"order_id":"\(order.id)"}}}}
      """.utf8)
  }
}
