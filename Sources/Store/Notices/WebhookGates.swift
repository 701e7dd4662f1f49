import Market
import Postgres

/// Which endpoints may be called now. Their rows are locked while it is decided, so that one notice alone tries an
/// endpoint that is half open, whichever daemon sends it.
struct WebhookGates {
  enum Answer: Equatable {
    case pass
    case wait(until: Instant)
  }

  private struct Gate {
    var breaker: BreakerState
    var until: Instant?
  }

  /// A trial that nobody settled in this time was lost with its worker.
  private static let trial = Duration.seconds(60)
  /// How long others wait while one tries.
  private static let glance = Duration.seconds(5)

  private let now: Instant
  private var gates: [WebhookEndpointID: Gate] = [:]
  private var trying: [WebhookEndpointID] = []

  static func lock(
    _ session: borrowing Session, _ endpoints: [WebhookEndpointID], now: Instant, rule: BreakerRule
  ) throws -> WebhookGates {
    var gates = WebhookGates(now: now)
    guard !endpoints.isEmpty else { return gates }
    let rows: [(WebhookEndpointID, Gate)] = try session.rows(
      """
      SELECT endpoint_id, breaker, until FROM gkm.webhook_health
      WHERE endpoint_id = ANY (\(Set(endpoints).sorted())) ORDER BY endpoint_id FOR UPDATE
      """
    ) { (try $0.id(0), Gate(breaker: try $0.word(1), until: try $0.instantOrNil(2))) }
    gates.gates = Dictionary(uniqueKeysWithValues: rows)
    return gates
  }

  private init(now: Instant) { self.now = now }

  /// Whether a notice may go to an endpoint now. Whoever passes an open one after its pause tries it for all.
  mutating func ask(_ endpoint: WebhookEndpointID, notice: NoticeID) -> Answer {
    guard let gate = gates[endpoint], gate.breaker != .closed, let until = gate.until else { return .pass }
    guard until <= now else {
      let jitter = Duration.milliseconds(.random(in: 0...2_000))
      return .wait(until: gate.breaker == .open ? until + jitter : min(until, now + Self.glance) + jitter)
    }
    gates[endpoint] = Gate(breaker: .halfOpen, until: now + Self.trial)
    trying.append(endpoint)
    return .pass
  }

  /// What was decided.
  var statements: [SQL] {
    guard !trying.isEmpty else { return [] }
    return [
      """
      UPDATE gkm.webhook_health SET breaker = 'half_open', until = \(now + Self.trial)
      WHERE endpoint_id = ANY (\(trying))
      """
    ]
  }
}
