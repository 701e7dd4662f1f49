import Hummingbird
import Logging
import Market
import Postgres
import Redis
import ServiceLifecycle
import Store
import Synchronization

/// `/healthz`, `/readyz`, and where there is a registry `/metrics`.
struct HealthRoutes: Sendable {
  let health: Health
  let registry: PrometheusRegistry?

  func add(to router: Router<WebContext>, _ table: EndpointTable) {
    table.add(.health, to: router) { _ in health.alive() }
    table.add(.readiness, to: router) { _ in await health.ready() }
    guard let registry else { return }
    table.add(.metrics, to: router) { _ in
      Response.bytes(Array(registry.exposition().utf8), type: "text/plain; version=0.0.4; charset=utf-8")
    }
  }
}

/// The first to be told of a shutdown: says that the daemon is not ready, and gives whoever sends it requests a moment
/// to notice.
struct DrainNotice: Service {
  let health: Health
  var vitals: Vitals?
  let notice: Duration

  func run() async throws {
    try? await gracefulShutdown()
    health.startDraining()
    vitals?.startDraining()
    try? await Task.sleep(for: notice)
  }
}

/// Reads now and then what is not counted as it happens: pools, queues, Redis' breaker.
struct GaugeService: Service {
  let means: DaemonMeans
  let intake: WebhookIntake?
  let logger: Logger

  private static let interval = Duration.seconds(5)

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await read()
        try? await Task.sleep(for: Self.interval)
      }
    }
  }

  private func read() async {
    let telemetry = means.telemetry
    for (name, pool) in [("main", means.pool), ("intake", means.intakePool)] {
      let now = pool.statistics
      let busy = now.open - now.idle
      telemetry.gauge("gkm_database_connections", [("pool", name), ("state", "idle")], Double(now.idle))
      telemetry.gauge("gkm_database_connections", [("pool", name), ("state", "busy")], Double(busy))
      telemetry.gauge("gkm_database_waiters", [("pool", name)], Double(now.waiting))
    }
    telemetry.gauge("gkm_redis_circuit_open", [], means.redis.isCircuitClosed ? 0 : 1)
    if let intake { telemetry.gauge("gkm_intake_queue", [], Double(intake.waiting)) }
    if let firing = try? await means.pool.read({ try FiringAlert.counts($0) }) {
      for rule in AlertRule.allCases {
        telemetry.gauge("gkm_alerts_firing", [("rule", rule.rawValue)], Double(firing[rule.rawValue] ?? 0))
      }
    }
    guard let work = try? await means.pool.read({ try WorkOverview.read($0) }) else { return }
    for kind in work {
      for (state, count) in [
        ("waiting", kind.waiting), ("due", kind.due), ("under_way", kind.underWay), ("dead", kind.dead),
      ] {
        telemetry.gauge("gkm_jobs", [("kind", kind.kind), ("state", state)], Double(count))
      }
      let oldest = kind.oldestDue.components
      telemetry.gauge(
        "gkm_job_oldest_seconds", [("kind", kind.kind)], Double(oldest.seconds) + Double(oldest.attoseconds) / 1e18)
      telemetry.gauge("gkm_work_paused", [("kind", kind.kind)], kind.pausedAt == nil ? 0 : 1)
    }
  }
}

/// Waits until every server of the daemon takes connections, and then tells their ports.
final class ListeningPorts: Sendable {
  private struct State {
    var publicPort: Int?
    var metricsPort: Int?
    var waitsFor: Int
  }

  private let state: Mutex<State>
  private let tell: @Sendable (Int?, Int?) -> Void

  init(expectsPublic: Bool, _ tell: @escaping @Sendable (Int?, Int?) -> Void) {
    state = Mutex(State(waitsFor: expectsPublic ? 2 : 1))
    self.tell = tell
  }

  func publicServer(at port: Int?) { note { $0.publicPort = port } }
  func metricsServer(at port: Int?) { note { $0.metricsPort = port } }

  private func note(_ change: (inout State) -> Void) {
    let done = state.withLock { state -> State? in
      change(&state)
      state.waitsFor -= 1
      return state.waitsFor == 0 ? state : nil
    }
    if let done { tell(done.publicPort, done.metricsPort) }
  }
}
