import Glibc
import Market
import Postgres
import Store
import Stripe
import TestSupport

/// A daemon as a process of its own, before a market with one listing and one paid order: what attacks by HTTP are made
/// on.
struct Gatehouse: Sendable {
  static let secret = "whsec_gatehouse"
  static let listing = "/v1/listings/1"

  let bench: Workbench
  let daemon: ChildProcess
  let port: Int
  let metricsPort: Int
  let target: HTTPAttacks.Target
  private let superuser: PostgresConnection

  /// - Parameters:
  ///   - settings: lines of the daemon's configuration file.
  static func with<T: Sendable>(
    settings: String = "", _ body: @Sendable @escaping (Gatehouse) async throws -> T
  ) async throws -> T {
    try await Workbench.with(keys: 3) { bench in
      let redis = try await PrivateRedis.start()
      guard let order = try await bench.open(1).first else { throw TestSupportError("no order") }
      try await bench.apply(Story(order: order).completed(), Story(order: order).succeeded())
      let run = try TestRun.shared.get()
      let (file, port, metricsPort) = (run.path("gatehouse.toml"), try FreePort.next(), try FreePort.next())
      try TextFile.write(settings + "\n", to: file)
      let daemon = try ChildProcess(
        try TestRun.program("gkmd"), ["serve", "--only", "intake,checkout,pages"],
        environment: [
          "GKM_CONFIG": file, "GKM_DATABASE_URL": bench.market.daemon.conninfo, "REDIS_URL": try redis.url(.daemon),
          "SMTP_URL": "smtp://127.0.0.1:9", "STRIPE_API_BASE": "http://127.0.0.1:9", "STRIPE_API_KEY": "sk_test_gate",
          "STRIPE_WEBHOOK_SECRET": secret, "GKM_MASTER_KEY": String(repeating: "07", count: 32),
          "GKM_LISTEN": "127.0.0.1:\(port)", "GKM_METRICS_LISTEN": "127.0.0.1:\(metricsPort)",
          "GKM_PUBLIC_URL": "https://shop.example", "GKM_LOG_LEVEL": "error",
        ])
      let superuser = try await PostgresConnection.connect(bench.market.superuser)
      let target = HTTPAttacks.Target(
        token: bench.vault.token(order: order.id, generation: 1).text, order: order.number,
        sign: { body, secret, age in
          SignatureSigner(secret: secret ?? Self.secret).header(
            body: Array(body.utf8), timestamp: Int64(time(nil)) - age)
        })
      let gate = Gatehouse(
        bench: bench, daemon: daemon, port: port, metricsPort: metricsPort, target: target, superuser: superuser)
      do {
        try await gate.becomesReady()
        let value = try await body(gate)
        try await daemon.end()
        await superuser.close()
        try await redis.stop()
        return value
      } catch {
        _ = try? await daemon.end()
        await superuser.close()
        try? await redis.stop()
        throw error
      }
    }
  }

  private func becomesReady() async throws {
    for _ in 0..<600 {
      if let answer = try? await ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"), answer.status == 200 { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw TestSupportError("the daemon is not ready: \(daemon.tail())")
  }

  /// One request on a connection of its own, here or at a proxy before it; `nil` where no answer came.
  func ask(_ request: String, at other: Int? = nil, within limit: Duration = .seconds(5)) async throws -> RawAnswer? {
    let connection = try RawConnection(port: other ?? port)
    try await connection.send(Array(request.utf8))
    try await connection.receive(within: limit) { !RawAnswer.parse($0, isEnded: false).answers.isEmpty }
    return RawAnswer.parse(connection.received, isEnded: connection.isEnded).answers.first
  }

  /// All that the market holds, but what the daemon writes by itself.
  func digest() async throws -> MarketDigest {
    try await superuser.run { try MarketDigest.read($0, ignoring: MarketDigest.ownWork) }
  }

  /// Makes an attack; `nil` where each of its requests was answered once, and as it has to be.
  func withstands(_ attack: Attack) async throws -> String? {
    guard case .http(let bytes, let statuses) = attack.way else { return "this is not what the gatehouse is for" }
    let connection = try RawConnection(port: port)
    try await connection.send(bytes)
    let wanted = statuses.compactMap { $0 }
    try await connection.receive(within: .seconds(8)) {
      !wanted.isEmpty && RawAnswer.parse($0, isEnded: false).answers.count >= wanted.count
    }
    // One answer too many is as bad as one too few.
    try await connection.receive(within: .milliseconds(50))
    let (answers, rest) = RawAnswer.parse(connection.received, isEnded: connection.isEnded)
    let found = answers.map(\.status)
    guard found == wanted, rest.isEmpty, connection.isEnded || statuses.last != .some(nil) else {
      return "answered with \(found)\(connection.isEnded ? ", ended" : "")"
        + " \(String(decoding: rest.prefix(200), as: UTF8.self))\(answers.last?.text.prefix(300) ?? "")"
    }
    let telltale = answers.first {
      $0.text.contains("PostgresError") || $0.text.contains("gkm.") || $0.text.contains(".swift")
    }
    return telltale.map { "it tells too much: \($0.text)" }
  }
}
