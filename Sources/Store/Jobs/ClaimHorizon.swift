import Market
import Synchronization

/// What goes first in the queue.
package enum JobPriority: Int, CaseIterable, Sendable {
  /// A person waits for it.
  case urgent = 0
  case normal = 1
  /// Many at once, which can wait.
  case bulk = 2
}

/// Where a claimed job stood in the queue.
struct ClaimPlace: Sendable {
  let priority: Int
  let dueAt: Instant
}

/// Up to where a kind's queue is known to be empty, so that claims need not look there again.
///
/// A job that is done leaves dead entries in the index that claims read, and while somebody's long transaction holds
/// vacuum back they pile up at its very beginning: without this each claim would read all of them. Jobs come in with
/// the time of their transaction's beginning, so some may yet appear a little before the last one taken: the horizon
/// stays `slack` behind, and now and then a claim starts from the beginning, for what was even later.
///
/// Safe to use from any thread.
package final class ClaimHorizon: Sendable {
  /// How one claim reads.
  struct Start: Sendable {
    /// By priority; `nil`: from the beginning.
    let floors: [Instant]?
    fileprivate let began: ContinuousClock.Instant
  }

  private struct Known {
    var floors: [Instant?] = Array(repeating: nil, count: JobPriority.allCases.count)
    var nextFull = ContinuousClock.now
  }

  /// Behind the last job taken.
  private static let slack: Int64 = 5_000_000
  /// A look from the beginning costs at most about this part of the time, and comes at least this often if it is cheap.
  private static let fullShare = 20
  private static let beginning = Instant(unixSeconds: 0)

  private let fullInterval: Duration
  private let known = Mutex<[JobKind: Known]>([:])

  /// - Parameter fullInterval: how often a claim starts from the beginning, while that is cheap.
  package init(fullInterval: Duration = .seconds(5)) { self.fullInterval = fullInterval }

  func start(_ kind: JobKind) -> Start {
    let now = ContinuousClock.now
    let floors = known.withLock { all -> [Instant]? in
      guard let one = all[kind], now < one.nextFull else { return nil }
      return one.floors.map { $0 ?? Self.beginning }
    }
    return Start(floors: floors, began: now)
  }

  /// Notes what a claim took.
  func end(_ kind: JobKind, _ start: Start, claimed: [ClaimPlace]) {
    let now = ContinuousClock.now
    known.withLock { all in
      var one = all[kind] ?? Known()
      for priority in JobPriority.allCases {
        let taken = claimed.filter { $0.priority == priority.rawValue }.map(\.dueAt)
        guard let first = taken.min() else { continue }
        let floor = Instant(microseconds: first.microseconds - Self.slack)
        one.floors[priority.rawValue] = max(one.floors[priority.rawValue] ?? floor, floor)
      }
      if start.floors == nil {
        one.nextFull = now + max(fullInterval, (now - start.began) * Self.fullShare)
      }
      all[kind] = one
    }
  }
}
