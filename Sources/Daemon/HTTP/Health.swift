package import Hummingbird
package import Postgres
package import Redis
import Store
import Synchronization

/// Whether the daemon lives, and whether it should be sent requests.
package final class Health: Sendable {
  private struct Verdict {
    var at: ContinuousClock.Instant
    var schema: Int?
    var problem: String?
  }

  private let pool: PostgresPool
  private let redis: RedisClient?
  private let installation: InstallationWatch?
  private let draining = Atomic<Bool>(false)
  private let last = Mutex<Verdict?>(nil)

  /// How long an answer of PostgreSQL counts.
  private static let validity = Duration.milliseconds(500)
  private static let patience = Duration.seconds(2)

  package init(pool: PostgresPool, redis: RedisClient?, installation: InstallationWatch? = nil) {
    self.pool = pool
    self.redis = redis
    self.installation = installation
  }

  /// From now on the daemon is not ready.
  package func startDraining() { draining.store(true, ordering: .releasing) }

  /// `GET /readyz`: PostgreSQL answers with a schema that this program knows. Redis is told of and not needed, and a
  /// Stripe key of the other mode is warned of.
  package func ready() async -> Response {
    let verdict = await look()
    let known = SchemaVersion.wanted
    let isDraining = draining.load(ordering: .acquiring)
    let isKnown = verdict.schema == known
    let isReady = !isDraining && verdict.problem == nil && isKnown
    var json = JSONWriter()
    json.object { json in
      json.member("status", isReady ? "ready" : isDraining ? "draining" : "not ready")
      json.member("postgres", verdict.problem ?? "ok")
      if let schema = verdict.schema {
        json.member("schema", Int64(schema))
        if !isKnown { json.member("schema_wanted", Int64(known)) }
      }
      if let problem = installation?.modeProblem { json.member("warning", problem) }
      if let redis { json.member("redis", redis.isCircuitClosed ? "ok" : "down") }
    }
    return .json(json, status: isReady ? .ok : .serviceUnavailable)
  }

  /// `GET /healthz`
  package func alive() -> Response {
    var json = JSONWriter()
    json.object { $0.member("status", "alive") }
    return .json(json)
  }

  private func look() async -> Verdict {
    if let known = last.withLock({ $0 }), ContinuousClock.now - known.at < Self.validity { return known }
    var verdict = Verdict(at: .now)
    do {
      verdict.schema = try await pool.read(timeout: Self.patience) { try SchemaVersion.current($0) }
    } catch let error as PostgresError {
      verdict.problem = "\(error.kind)"
    } catch {
      verdict.problem = "unreachable"
    }
    last.withLock { $0 = verdict }
    return verdict
  }
}
