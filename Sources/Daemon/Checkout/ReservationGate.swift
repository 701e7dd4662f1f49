import CoreMetrics
package import Market
package import Postgres
package import Store

/// Lets the buyers of one listing hold stock together: while one group's transaction is under way the next gathers, so
/// that a rush on one listing is a few transactions instead of thousands that fight for one row.
package final class ReservationGate: Sendable {
  private let batcher: Batcher<ListingID, ReservationWish, ReservationOutcome>

  package init(
    settings: CheckoutSettings, reserver: Reserver, pool: PostgresPool, telemetry: Telemetry
  ) {
    let races = ReservationRaces(reserver: reserver, pool: pool, telemetry: telemetry)
    batcher = Batcher(.init(lanes: 1, batch: settings.groupLimit, waiting: settings.queueLimit)) { listing, wishes in
      await races.reserve(listing, wishes, seen: nil)
    }
  }

  /// Waits for the group's turn, and holds stock.
  package func reserve(_ listing: ListingID, _ wish: ReservationWish) async throws -> ReservationOutcome {
    try await batcher.submit(wish, for: listing)
  }
}

/// Tries a group's transaction again while others, on other machines, change the same stock.
private struct ReservationRaces: Sendable {
  let reserver: Reserver
  let pool: PostgresPool
  let telemetry: Telemetry

  /// Fresh reads after a lost race, before the group is split.
  static let tries = 5

  /// - Parameter seen: what was available when these buyers' reservation began, if it was read before.
  func reserve(
    _ listing: ListingID, _ wishes: [ReservationWish], seen: Int64?
  ) async -> [Result<ReservationOutcome, any Error>] {
    var seen = seen
    var lost: StockVersionConflict?
    for attempt in 1...Self.tries {
      do {
        let outcomes = try await pool.write { try reserver.reserve($0, listing, for: wishes) }
        let began = seen
        return outcomes.map { .success(asOfBeginning($0, seen: began)) }
      } catch let conflict as StockVersionConflict {
        telemetry.reservationConflicts.increment()
        seen = seen ?? conflict.available
        lost = conflict
      } catch let error as PostgresError where error.isRetryable && attempt < Self.tries {
        // Nothing of it was committed, and the cause passes.
        lost = nil
      } catch {
        return wishes.map { _ in .failure(error) }
      }
      try? await Task.sleep(for: .microseconds(Int64.random(in: 200...(1_500 * Int64(attempt)))))
    }
    guard wishes.count > 1 else {
      return [.success(.stockBusy(title: lost?.title ?? ""))]
    }
    let half = wishes.count / 2
    let first = await reserve(listing, Array(wishes[..<half]), seen: seen)
    return first + (await reserve(listing, Array(wishes[half...]), seen: seen))
  }

  /// Who began while there was stock is told that it changed, not that there never was any.
  private func asOfBeginning(_ outcome: ReservationOutcome, seen: Int64?) -> ReservationOutcome {
    guard case .soldOut(let title) = outcome, let seen, seen > 0 else { return outcome }
    return .stockChanged(title: title, left: 0)
  }
}
