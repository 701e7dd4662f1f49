import Glibc
import Logging
import Market
import Postgres
import Redis
import ServiceLifecycle
import Store
import Synchronization

/// Makes this process known to all others: who it is, that it is there, what it sees. In the table, because that must
/// work without Redis; and under a key in Redis that dies with it, which tells at the same time whether Redis can be
/// reached from here.
///
/// The first service to start and the last to stop, so that a daemon that drains is seen draining.
final class Heartbeat: Service, Sendable {
  private let pool: PostgresPool
  private let redis: RedisClient
  private let vitals: Vitals
  private let worker: Worker
  private let interval: Duration
  private let logger: Logger
  private let now: @Sendable () -> Instant
  private let id = Mutex<Int64?>(nil)

  private static let patience = Duration.seconds(2)

  init(
    pool: PostgresPool, redis: RedisClient, vitals: Vitals, parts: [String], interval: Duration, logger: Logger,
    now: @escaping @Sendable () -> Instant
  ) {
    self.pool = pool
    self.redis = redis
    self.vitals = vitals
    self.interval = interval
    self.logger = logger
    self.now = now
    worker = Worker(
      host: Self.hostName(), pid: getpid(), programVersion: ProgramVersion.text, parts: parts)
  }

  /// What it is called in alerts.
  var name: String { "\(worker.host):\(worker.pid)" }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await self.beat()
        try? await Task.sleep(for: self.interval)
      }
    }
  }

  private func beat() async {
    let seconds = Worker.goneAfterSeconds
    let answer = try? await redis.command(
      "SET", "gkm:worker:\(name)", LeaseHolder.number.description, "EX", seconds, timeout: .milliseconds(500))
    vitals.redis(answers: answer != nil)
    do {
      let condition = vitals.condition(clockOffset: try await clockOffset())
      let known = id.withLock { $0 }
      let worker = worker
      let number = try await pool.write(timeout: Self.patience) { session in
        if let known, try Worker.beat(session, known, condition) { return known }
        let fresh = try worker.enter(session)
        _ = try Worker.beat(session, fresh, condition)
        return fresh
      }
      id.withLock { $0 = number }
    } catch {
      logger.debug("no heartbeat: the database was not reached", metadata: ["error": "\(error)"])
    }
  }

  /// Our clock less the database's, half the time that asking took on either side. What that time cannot tell is
  /// nought.
  private func clockOffset() async throws -> Duration {
    let before = now()
    let theirs = try await pool.read(timeout: Self.patience) { try Worker.databaseTime($0) }
    let after = now()
    let took = after - before
    let offset = (before + took / 2) - theirs
    return offset > took / 2 || offset < .zero - took / 2 ? offset : .zero
  }

  /// Says that it ends, and gives back what it has not finished; the database may be gone by then.
  func leave() async {
    let known = id.withLock { $0 }
    do {
      let released = try await pool.write(timeout: Self.patience) { try Worker.leave($0, known) }
      if released > 0 { logger.notice("jobs under way were given back", metadata: ["jobs": "\(released)"]) }
    } catch {
      logger.warning("what was under way is others' only after its lease", metadata: ["error": "\(error)"])
    }
    _ = try? await redis.command("DEL", "gkm:worker:\(name)", timeout: .milliseconds(500))
  }

  private static func hostName() -> String {
    var buffer = [CChar](repeating: 0, count: 65)
    guard gethostname(&buffer, 64) == 0 else { return "localhost" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
