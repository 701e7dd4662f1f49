import Outbound
import Postgres
import TestSupport
import Testing

@testable import Daemon

extension Shop {
  /// Runs so many `gkmd` processes on this shop's database, Redis and Stripe while `body` works with their URLs.
  ///
  /// - Parameters:
  ///   - parts: as `--only` takes them.
  ///   - more: variables besides what every daemon needs.
  func daemons(
    _ count: Int, only parts: String, _ more: [String: String?] = [:],
    _ body: @Sendable ([String]) async throws -> Void
  ) async throws {
    var processes: [ChildProcess] = []
    var urls: [String] = []
    for _ in 0..<count {
      let port = try FreePort.next()
      let environment: [String: String?] = [
        "GKM_DATABASE_URL": market.daemon.conninfo, "REDIS_URL": try redis.url(.daemon),
        "STRIPE_API_BASE": stripeURL, "STRIPE_API_KEY": Shop.apiKey, "STRIPE_WEBHOOK_SECRET": Shop.secret,
        "GKM_MASTER_KEY": Shop.processKey, "GKM_LISTEN": "127.0.0.1:\(port)",
        "GKM_METRICS_LISTEN": "127.0.0.1:\(try FreePort.next())", "GKM_PUBLIC_URL": "https://shop.example",
        "GKM_LOG_LEVEL": "error", "GKM_MAIL_RECEIPTS": "false",
      ]
      processes.append(
        try ChildProcess(
          try TestRun.program("gkmd"), ["serve", "--only", parts], environment: environment.merging(more) { $1 }))
      urls.append("http://127.0.0.1:\(port)")
    }
    for url in urls {
      try await eventually(within: .seconds(60)) {
        (try? await http.send(HTTPRequest(url: "\(url)/readyz")).status) == 200
      }
    }
    do {
      try await body(urls)
    } catch {
      for process in processes { _ = try? await process.end() }
      throw error
    }
    for process in processes { #expect(try await process.end() == .exited(0), "\(process.tail())") }
  }

  /// The master key of those processes.
  static let processKey = String(repeating: "07", count: 32)
}
