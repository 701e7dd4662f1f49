import Logging
import Market
import Postgres
import Redis
import ServiceLifecycle
import Store

/// Sees every few seconds that people have the access they should have and no other: what is over ends, sessions of
/// those without access are cut, and Redis has a user for each of the staff who holds a password for it. Every daemon
/// does; what one did the others find done.
struct PeopleService: Service {
  let pool: PostgresPool
  /// `nil`: nobody told us a user of Redis that may keep the others.
  let access: RedisAccess?
  let interval: Duration
  let logger: Logger

  private let peopleTrouble = LogThrottle(every: .seconds(60))
  private let redisTrouble = LogThrottle(every: .seconds(60))

  private static let patience = Duration.seconds(5)

  init(pool: PostgresPool, access: RedisAccess?, interval: Duration, logger: Logger) {
    self.pool = pool
    self.access = access
    self.interval = interval
    self.logger = logger
  }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await self.keep()
        try? await Task.sleep(for: self.interval)
      }
    }
  }

  private func keep() async {
    do {
      for loss in try await pool.write(timeout: Self.patience, { try PeopleKeeper.keep($0) }) {
        logger.notice(
          loss.becomes == nil ? "a person's access ended" : "a person is no admin any more",
          metadata: ["login": "\(loss.login)", "was": "\(loss.was.rawValue)"])
      }
    } catch is CancellationError {
      return
    } catch {
      peopleTrouble.run { _ in
        logger.warning("people's access could not be looked after", metadata: ["error": "\(error)"])
      }
    }
    guard let access else { return }
    do {
      let wanted = try await pool.read(timeout: Self.patience) { try LivePass.all($0) }
      let difference = try await access.keep(wanted)
      for user in difference.surplus { logger.notice("a user of Redis was taken away", metadata: ["user": "\(user)"]) }
    } catch is CancellationError {
      return
    } catch {
      redisTrouble.run { _ in
        logger.warning("users of Redis could not be kept in step", metadata: ["error": "\(error)"])
      }
    }
  }
}
