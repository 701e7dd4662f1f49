import Glibc
package import Outbound
import ServiceLifecycle
import Synchronization

/// Customers: they look at the catalogue, check out, pay mostly, and sometimes regret it.
///
/// They arrive at random at the configured rate, whatever the market's speed, up to a bound of customers under way.
package final class Traffic: Service {
  private let configuration: TrafficConfiguration
  private let calls: TrafficCalls
  private let numbers = Mutex(TrafficStatistics())
  private let report: @Sendable (TrafficStatistics) -> Void
  private let reportInterval: Duration

  /// - Parameter report: told now and then, and at the end, how it goes.
  package init(
    _ configuration: TrafficConfiguration, over outbound: OutboundClient, reportInterval: Duration = .seconds(10),
    report: @escaping @Sendable (TrafficStatistics) -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.report = report
    self.reportInterval = reportInterval
    calls = TrafficCalls(configuration: configuration, outbound: outbound)
  }

  package var statistics: TrafficStatistics { numbers.withLock { $0 } }

  /// Plays until all orders are placed and followed to their end, or until cancelled.
  package func run() async throws {
    try? await cancelWhenGracefulShutdown { [self] in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await self.reportNowAndThen() }
        group.addTask { try await self.play() }
        defer { group.cancelAll() }
        // The reporter never ends by itself.
        try await group.next()
      }
    }
    report(statistics)
  }

  private func reportNowAndThen() async throws {
    while true {
      try await Task.sleep(for: reportInterval)
      report(statistics)
    }
  }

  private func play() async throws {
    var listings = try await waitForListings()
    var refreshed = ContinuousClock.now
    let clock = ContinuousClock()
    try await withThrowingDiscardingTaskGroup { group in
      var due = clock.now
      var begun = 0
      while configuration.orders.map({ begun < $0 }) ?? true {
        // Exponential gaps make arrivals independent of each other.
        due += .seconds(-log(Double.random(in: 1e-9..<1)) / max(configuration.rate, 0.001))
        if due > clock.now { try await clock.sleep(until: due) }
        if configuration.listings.isEmpty, clock.now - refreshed > .seconds(30) {
          refreshed = clock.now
          if let fresh = try? await calls.catalogue(), !fresh.isEmpty { listings = fresh }
        }
        guard let listing = listings.randomElement() else { continue }
        begun += 1
        guard enter() else { continue }
        group.addTask { await self.follow(listing) }
      }
    }
  }

  /// The listings given, or the catalogue's, for which it waits while the market starts.
  private func waitForListings() async throws -> [Int64] {
    if !configuration.listings.isEmpty { return configuration.listings }
    while true {
      do {
        let listings = try await calls.catalogue()
        if !listings.isEmpty { return listings }
        note { $0.lastFailure = "the catalogue is empty" }
      } catch {
        note {
          $0.failed += 1
          $0.lastFailure = "\(error)"
        }
      }
      try await Task.sleep(for: .seconds(1))
    }
  }

  // MARK: One customer

  private func enter() -> Bool {
    numbers.withLock { numbers in
      guard underWay(numbers) < configuration.concurrency else {
        numbers.skipped += 1
        return false
      }
      numbers.begun += 1
      return true
    }
  }

  private func underWay(_ numbers: TrafficStatistics) -> Int { numbers.begun - numbers.ended }

  private func follow(_ listing: Int64) async {
    var generator = SystemRandomNumberGenerator()
    let customer = Customer.anyone(using: &generator)
    do {
      let start = ContinuousClock.now
      let outcome = try await calls.checkout(listing: listing, customer: customer)
      let took = ContinuousClock.now - start
      switch outcome {
      case .refused(let code):
        end { $0.refused[code, default: 0] += 1 }
      case .session(let id):
        note {
          $0.sessions += 1
          $0.checkout.add(took)
        }
        try await visit(id, customer)
      }
    } catch {
      end {
        $0.failed += 1
        $0.lastFailure = "\(error)"
      }
    }
  }

  /// The hosted page: most pay, some are declined first, some use a slow method, some leave.
  private func visit(_ session: String, _ customer: Customer) async throws {
    try await think(configuration.thinking)
    let chance = Double.random(in: 0..<1)
    var bound = configuration.abandoned
    if chance < bound { return end { $0.abandoned += 1 } }
    bound += configuration.slowMethod
    if chance < bound {
      let settles = Double.random(in: 0..<1) < 0.8 ? "succeeded" : "failed"
      _ = try await calls.pay(
        session, customer, ["outcome": "async", "settles": .string(settles), "settle_after": 5])
      return end { $0.paid += 1 }
    }
    bound += configuration.declinedFirst
    if chance < bound {
      let code = ["insufficient_funds", "generic_decline", "expired_card", "do_not_honor", "incorrect_cvc"]
        .randomElement()
      _ = try await calls.pay(session, customer, ["outcome": "declined", "decline_code": JSON(code)])
      note { $0.declined += 1 }
      try await think(configuration.thinking)
    }
    let intent = try await calls.pay(session, customer, ["outcome": "paid"])
    end { $0.paid += 1 }
    if let intent { await regret(intent) }
  }

  /// What few do later. The customer no longer counts as under way.
  private func regret(_ intent: String) async {
    let chance = Double.random(in: 0..<1)
    guard chance < configuration.refunded + configuration.disputed else { return }
    do {
      try await think(configuration.regret)
      if chance < configuration.refunded {
        try await calls.refund(intent)
        note { $0.refunded += 1 }
      } else {
        let reason = ["fraudulent", "product_not_received", "product_unacceptable"].randomElement() ?? "fraudulent"
        try await calls.dispute(intent, reason: reason)
        note { $0.disputed += 1 }
      }
    } catch {
      note { $0.lastFailure = "\(error)" }
    }
  }

  private func think(_ longest: Duration) async throws {
    let nanoseconds = Int64(longest / .nanoseconds(1))
    if nanoseconds > 0 { try await Task.sleep(for: .nanoseconds(Int64.random(in: 0...nanoseconds))) }
  }

  private func note(_ change: (inout TrafficStatistics) -> Void) {
    numbers.withLock { change(&$0) }
  }

  private func end(_ change: (inout TrafficStatistics) -> Void) {
    numbers.withLock {
      change(&$0)
      $0.ended += 1
    }
  }
}
