import CoreMetrics
import Market
package import Postgres
package import Store
import Synchronization

/// Lets the buyers of one listing hold stock together: while one group's transaction is under way the next gathers, so
/// that a rush on one listing is a few transactions instead of thousands that fight for one row. A cart goes with the
/// group of its first listing, and waits for its turn at the others.
package final class ReservationGate: Sendable {
  private let batcher: Batcher<ListingID, ReservationWish, ReservationOutcome>

  package init(
    settings: CheckoutSettings, reserver: Reserver, pool: PostgresPool, telemetry: Telemetry
  ) {
    let races = ReservationRaces(reserver: reserver, pool: pool, telemetry: telemetry)
    let turns = ListingTurns()
    batcher = Batcher(.init(lanes: 1, batch: settings.groupLimit, waiting: settings.queueLimit)) { _, wishes in
      await turns.take(Set(wishes.flatMap { $0.lines.map(\.listing) }).sorted()) {
        await races.reserve(wishes, seen: [:])
      }
    }
  }

  /// Waits for the group's turn, and holds stock: of the whole cart or of nothing.
  package func reserve(_ wish: ReservationWish) async throws -> ReservationOutcome {
    try await batcher.submit(wish, for: wish.lines.first?.listing ?? ListingID(0))
  }
}

/// One group of this process at a time works on a listing's stock; who comes first goes first. Groups of several
/// listings take their turns in the listings' order, so that no two wait for each other.
private final class ListingTurns: Sendable {
  /// Who waits behind the group that is at a listing.
  private let queues = Mutex<[ListingID: [CheckedContinuation<Void, Never>]]>([:])

  /// - Parameter listings: sorted, each once.
  func take<T: Sendable>(_ listings: [ListingID], _ work: () async -> T) async -> T {
    for listing in listings { await enter(listing) }
    let result = await work()
    for listing in listings { leave(listing) }
    return result
  }

  private func enter(_ listing: ListingID) async {
    await withCheckedContinuation { turn in
      let isFree = queues.withLock { queues in
        guard queues[listing] != nil else {
          queues[listing] = []
          return true
        }
        queues[listing]?.append(turn)
        return false
      }
      if isFree { turn.resume() }
    }
  }

  private func leave(_ listing: ListingID) {
    let next = queues.withLock { queues -> CheckedContinuation<Void, Never>? in
      guard let first = queues[listing]?.first else {
        queues[listing] = nil
        return nil
      }
      queues[listing]?.removeFirst()
      return first
    }
    next?.resume()
  }
}

/// Tries a group's transaction again while others, on other machines, change the same stock.
private struct ReservationRaces: Sendable {
  let reserver: Reserver
  let pool: PostgresPool
  let telemetry: Telemetry

  /// - Parameter seen: what was available when these buyers' reservation began, where it was read before.
  func reserve(
    _ wishes: [ReservationWish], seen: [ListingID: Int64]
  ) async -> [Result<ReservationOutcome, any Error>] {
    var seen = seen
    let race = ReservationRace(buyers: wishes.count)
    for attempt in 1...ReservationRace.tries {
      let locking = race.isLocking(attempt)
      do {
        let outcomes = try await pool.write { try reserver.reserve($0, for: wishes, locking: locking) }
        let began = seen
        return outcomes.map { .success(asOfBeginning($0, seen: began)) }
      } catch let conflict as StockVersionConflict {
        telemetry.reservationConflicts.increment()
        seen.merge(conflict.available) { first, _ in first }
        if race.lost(attempt) == .busy {
          return [.success(.stockBusy(conflict.listing, title: conflict.title))]
        }
      } catch let taken as IdempotencyKeysTaken {
        return await reserve(wishes, without: taken.keys, seen: seen)
      } catch let error as PostgresError where error.isRetryable && attempt < ReservationRace.tries {
        // Nothing of it was committed, and the cause passes.
      } catch {
        return wishes.map { _ in .failure(error) }
      }
      try? await Task.sleep(for: .microseconds(Int64.random(in: 200...(1_500 * Int64(attempt)))))
    }
    let half = wishes.count / 2
    let first = await reserve(Array(wishes[..<half]), seen: seen)
    return first + (await reserve(Array(wishes[half...]), seen: seen))
  }

  /// Tries again for those whose keys nobody else holds.
  private func reserve(
    _ wishes: [ReservationWish], without keys: Set<[UInt8]>, seen: [ListingID: Int64]
  ) async -> [Result<ReservationOutcome, any Error>] {
    func isFree(_ wish: ReservationWish) -> Bool { wish.claim.map { !keys.contains($0.key) } ?? true }
    let rest = wishes.filter(isFree)
    var outcomes = rest.isEmpty ? [][...] : await reserve(rest, seen: seen)[...]
    return wishes.map { isFree($0) ? outcomes.removeFirst() : .success(.repeated) }
  }

  /// Who began while there was stock is told that it changed, not that there never was any.
  private func asOfBeginning(_ outcome: ReservationOutcome, seen: [ListingID: Int64]) -> ReservationOutcome {
    guard case .soldOut(let listing, let title) = outcome, seen[listing, default: 0] > 0 else { return outcome }
    return .stockChanged(listing, title: title, left: 0)
  }
}
