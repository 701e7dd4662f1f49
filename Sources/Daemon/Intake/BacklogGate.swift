package import Logging
import Market
package import Postgres
import ServiceLifecycle
import Store
import Synchronization

/// Closes intake while more events wait to be applied than may, or while one of them waits for longer than it may: the
/// oldest already, or, at the pace at which they are worked off, what would come now. The second bound follows what the
/// workers get done, the first does not need any of them to be there.
///
/// Taking in costs a fraction of what an order costs, so a flood would take the processors from the workers and make
/// everybody wait. Beyond the bound Stripe is asked to come again, which it does for three days; whoever was told
/// "received" before is served in turn.
package final class BacklogGate: Service, Sendable {
  private struct State {
    var isClosed = false
    var oldest: Instant?
    var last: Instant?
    var pace = DrainPace()
  }

  private let state = Mutex(State())
  private let pool: PostgresPool
  private let limit: Int
  private let age: Duration?
  private let logger: Logger

  /// Between two counts. In that time a flood can go beyond the bound by as much as intake stores.
  private static let interval = Duration.milliseconds(500)
  /// How much older than the oldest of the last count a job is still looked for.
  private static let margin = Duration.seconds(60)

  /// - Parameters:
  ///   - limit: how many may wait.
  ///   - age: how long the oldest may; `nil`: however long.
  package init(pool: PostgresPool, limit: Int, age: Duration?, logger: Logger) {
    self.pool = pool
    self.limit = limit
    self.age = age
    self.logger = logger
  }

  /// Whether events are to be refused now.
  package var isClosed: Bool { state.withLock { $0.isClosed } }

  package func run() async throws {
    await cancelWhenGracefulShutdown { [self] in
      while !Task.isCancelled {
        do { try await look() } catch {
          logger.debug("the backlog could not be counted", metadata: ["error": "\(error)"])
        }
        try? await Task.sleep(for: Self.interval)
      }
    }
  }

  /// Counts now. Where that fails the gate stays as it is: whether PostgreSQL is there shows when events are stored.
  package func look() async throws {
    let (floor, last) = state.withLock { ($0.oldest.map { $0 - Self.margin }, $0.last) }
    let limit = limit
    let count = try await pool.read { try Backlog.count($0, .apply, atMost: limit, since: floor, newSince: last) }
    let waits = count.oldest.map { count.now - $0 } ?? .zero
    let (wasClosed, isClosed, expected) = state.withLock { state in
      let wasClosed = state.isClosed
      state.pace.see(.init(waiting: count.waiting, new: count.new, oldest: count.oldest, at: count.now))
      let expected = state.pace.wait ?? .zero
      state.isClosed = count.waiting >= limit || age.map { max(waits, expected) > $0 } ?? false
      state.oldest = count.oldest ?? count.now
      state.last = count.now
      return (wasClosed, state.isClosed, expected)
    }
    guard wasClosed != isClosed else { return }
    if isClosed {
      logger.error(
        "too many events wait to be applied: new ones are refused",
        metadata: ["waiting": "\(count.waiting)", "longest": "\(waits)", "expected": "\(expected)"])
    } else {
      logger.notice("events are taken again", metadata: ["waiting": "\(count.waiting)"])
    }
  }
}
