import Market
import Postgres
import Store
import Synchronization
import TestSupport

/// A workbench with people at it, each signed in as themselves.
final class HandBench: Sendable {
  let bench: Workbench
  private let people = Mutex<[PostgresConnection]>([])

  private init(_ bench: Workbench) { self.bench = bench }

  static func with<T: Sendable>(keys: Int, _ body: @Sendable (HandBench) async throws -> T) async throws -> T {
    try await Workbench.with(keys: keys) { bench in
      let hand = HandBench(bench)
      do {
        let value = try await body(hand)
        await hand.close()
        return value
      } catch {
        await hand.close()
        throw error
      }
    }
  }

  private func close() async {
    for person in people.withLock({ $0 }) { await person.close() }
  }

  /// Somebody new of this role.
  func person(_ role: Role) async throws -> PostgresConnection {
    let number = people.withLock { $0.count + 1 }
    let person = try await PostgresConnection.connect(try await bench.market.person(role, named: "hand\(number)"))
    people.withLock { $0.append(person) }
    return person
  }

  /// An order of which every key has arrived.
  func delivered(_ quantity: Int) async throws -> OpenedOrder {
    let order = try await bench.open(quantity)[0]
    let applied = try await bench.apply(Story(order: order).completed(), express: quantity)
    _ = try await bench.settle(applied.prepared.map { DeliveryOutcome($0, .confirmed, reply: "250", retryAfter: nil) })
    return order
  }

  func version(_ order: OpenedOrder) async throws -> Int64 {
    Int64(try await bench.sql("SELECT version FROM gkm.orders WHERE id = \(order.id);")) ?? -1
  }

  /// The keys that the order's units have now.
  func keys(_ order: OpenedOrder) async throws -> String {
    try await bench.sql(
      """
      SELECT string_agg(stock_unit_id::text, ' ' ORDER BY order_unit_id) FROM gkm.assignment
      WHERE order_id = \(order.id) AND active;
      """)
  }

  /// The daemon's second looks, as far as they are due.
  func look() async throws {
    let lease = Lease(for: .seconds(12))
    let jobs = try await bench.daemon.write { try JobQueue.claim($0, .restock, limit: 10, lease: lease) }
    let context = bench.context(lease, thorough: true)
    for job in jobs {
      guard let id = Int64(job.subject) else { continue }
      let event = EventToApply(job: job.id, eventID: nil, type: "restock", reading: .content(.order(OrderID(id))))
      _ = try await bench.daemon.write { try ApplyTransaction.run($0, [event], context) }
    }
  }

  /// What `gkmd verify` finds wrong, but for the catalogue's books, which this bench keeps none of.
  func offenders() async throws -> [String] {
    let checks: Set = [
      "keys.one_order", "keys.one_per_unit", "keys.as_bought", "keys.bad", "orders.state", "orders.sums", "orders.work",
      "orders.in_time", "payments.rows", "stock.states", "stock.counters", "stock.holds", "deliveries.counted",
      "deliveries.attempts", "deliveries.message_ids", "holds.told", "asks.decided", "audit.records", "audit.complete",
    ]
    return try await bench.daemon.read(isolation: .repeatableRead) { session in
      try Verification().look(session, only: checks).flatMap { result in
        result.offenders.map { "\(result.check): \($0.name) \($0.problem)" }
      }
    }
  }
}
