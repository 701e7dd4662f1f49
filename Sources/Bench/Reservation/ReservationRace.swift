import Daemon
package import Market
package import Postgres
import Store

/// Many buyers who want one key each of one listing at the same moment, served in one of several ways. What they write
/// is what checkout writes; only how they come to hold a key differs.
package struct ReservationRace: Sendable {
  package enum Way: String, CaseIterable, Sendable {
    /// What gkmd does: one gate that groups the buyers.
    case gate
    /// Two gates on connections of their own, as two daemons have them.
    case twoGates = "two-gates"
    /// One transaction a buyer, refused when the version has changed.
    case compareAndSwap = "cas"
    /// The same, tried again after a lost race, 50 times at most.
    case retried = "cas-retried"
    /// One transaction a buyer that claims a key's own row, passing over those that others hold.
    case skipLocked = "skip-locked"
    /// One transaction a buyer that waits for the counter's row.
    case rowLock = "row-lock"
  }

  /// What became of all buyers.
  package struct Tally: Sendable {
    package var sold = 0
    /// Told that there is nothing left, or less than wished for.
    package var refused = 0
    /// Told no because others were faster, every time.
    package var lost = 0
    /// Told nothing of use: an error.
    package var failed = 0
    package var seconds: Double = 0
    package var firstError: String?

    fileprivate mutating func add(_ answer: Result<Answer, any Error>) {
      switch answer {
      case .success(.sold): sold += 1
      case .success(.refused): refused += 1
      case .success(.lost): lost += 1
      case .failure(let error):
        failed += 1
        firstError = firstError ?? "\(error)"
      }
    }

    package var json: String {
      """
      {"sold": \(sold), "refused": \(refused), "lost": \(lost), "failed": \(failed), "seconds": \(seconds)}
      """
    }
  }

  package let way: Way
  package let listing: ListingID
  package let buyers: Int
  package let connections: Int

  package init(_ way: Way, listing: ListingID, buyers: Int, connections: Int) {
    self.way = way
    self.listing = listing
    self.buyers = buyers
    self.connections = connections
  }

  /// Connects, lets all buyers come at once, and counts. `vault` makes the orders' tokens.
  package func run(_ database: PostgresConfiguration, vault: KeyVault) async throws -> Tally {
    let gates = way == .twoGates ? 2 : 1
    let pools = (0..<gates).map { _ in
      PostgresPool(database, maximum: connections / gates, waiters: buyers, waitTimeout: .seconds(300))
    }
    for pool in pools { try await warm(pool, connections / gates) }
    let settings = try Configuration.parse("", named: "bench", environment: [:]).configuration.checkout
    let reserver = Reserver(vault: vault, times: settings.reservationTimes)
    let doors = pools.map { Door(way, $0, reserver, settings, listing) }
    let start = ContinuousClock.now
    var tally = await withTaskGroup(of: Result<Answer, any Error>.self) { group in
      for number in 0..<buyers {
        let door = doors[number % doors.count]
        group.addTask { await door.buy("buyer\(number)@bench.example") }
      }
      return await group.reduce(into: Tally()) { $0.add($1) }
    }
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    tally.seconds = Double(seconds) + Double(attoseconds) / 1e18
    for pool in pools { await pool.close() }
    return tally
  }

  /// Opens all connections, so that nobody's turn pays for it.
  private func warm(_ pool: PostgresPool, _ count: Int) async throws {
    try await withThrowingTaskGroup { group in
      for _ in 0..<count {
        group.addTask { try await pool.read { _ = try Catalogue.listing($0, self.listing) } }
      }
      try await group.waitForAll()
    }
  }
}

/// What one buyer is told.
private enum Answer {
  case sold, refused, lost

  init(_ outcome: ReservationOutcome?) {
    self =
      switch outcome {
      case .opened: .sold
      case .soldOut, .stockChanged: .refused
      default: .lost
      }
  }
}

/// Where buyers of one process ask.
private struct Door: Sendable {
  let way: ReservationRace.Way
  let pool: PostgresPool
  let reserver: Reserver
  let gate: ReservationGate
  let listing: ListingID

  static let tries = 50

  init(
    _ way: ReservationRace.Way, _ pool: PostgresPool, _ reserver: Reserver, _ settings: CheckoutSettings,
    _ listing: ListingID
  ) {
    self.way = way
    self.pool = pool
    self.reserver = reserver
    self.listing = listing
    gate = ReservationGate(
      settings: settings, reserver: reserver, pool: pool, telemetry: Telemetry(factory: PrometheusRegistry()))
  }

  func buy(_ email: String) async -> Result<Answer, any Error> {
    let wish = ReservationWish([CartLine(listing)], email: email, name: "Buyer")
    do {
      switch way {
      case .gate, .twoGates: return .success(Answer(try await gate.reserve(wish)))
      case .compareAndSwap: return .success(try await alone(wish, tries: 1))
      case .retried: return .success(try await alone(wish, tries: Self.tries))
      case .rowLock: return .success(try await once(wish, locking: true))
      case .skipLocked:
        let listing = listing
        return .success(try await pool.write { try RowClaim.reserve($0, listing, email: email) } ? .sold : .refused)
      }
    } catch {
      return .failure(error)
    }
  }

  private func alone(_ wish: ReservationWish, tries: Int) async throws -> Answer {
    for attempt in 1...tries {
      do {
        return try await once(wish, locking: false)
      } catch is StockVersionConflict {
        guard attempt < tries else { break }
        try await Task.sleep(for: .microseconds(Int64.random(in: 200...(1_500 * Int64(min(attempt, 10))))))
      }
    }
    return .lost
  }

  private func once(_ wish: ReservationWish, locking: Bool) async throws -> Answer {
    Answer(try await pool.write { try reserver.reserve($0, for: [wish], locking: locking) }.first)
  }
}
