import Foundation
import Glibc
import Market
import Outbound
import Postgres
import TestSupport
import Testing

@testable import Daemon

@Suite("gkmd serve, all parts together")
struct ServeTests {
  @Test("From checkout over payment and mail to the key on the page")
  func wholeThread() async throws {
    let mail = try await PrivateMail.start()
    try await Shop.open(parts: Set(DaemonPart.allCases), mail: mail.url) { shop in
      let listing = try await shop.listing(keys: 2)
      let answer = try await shop.checkout(listing)
      let session = try #require(answer.json["checkout_session"] as? String, "\(answer.text)")
      _ = try await shop.atStripe("/_sim/webhook", "url=http://127.0.0.1:\(shop.port)/webhooks/stripe")
      let paid = try await shop.atStripe("/_sim/sessions/\(session)/pay")
      #expect(paid.status == 200, "\(paid.text)")
      let message = try #require(try await mail.messages(atLeast: 1).first)
      #expect(message.contains("Delivered-To: buyer@example.com"))
      try await shop.eventually { try await shop.sql("SELECT state FROM gkm.orders") == "delivered" }
      let id = try #require((answer.json["order"] as? [String: Any])?["id"] as? Int)
      let path = "/o/" + shop.vault.token(order: OrderID(Int64(id)), generation: 1).text
      let shown = try await shop.post(path + "/reveal")
      #expect(shown.text.contains("KEY-\(listing)-"))
      #expect(try await shop.stockRow(listing) == "1|0|1")
      let metrics = try await shop.http.send(HTTPRequest(url: "http://127.0.0.1:\(shop.metricsPort)/metrics"))
      #expect(metrics.text.contains("gkm_checkout_total{outcome=\"created\"} 1\n"))
      #expect(metrics.text.contains("gkm_reveals_total{outcome=\"shown\"} 1\n"))
      #expect(try await shop.get("/metrics").status == 404)
    }
    try await mail.stop()
  }

  @Test("SIGTERM: what is under way is finished, nothing more is taken, logs are JSON, and the exit is clean")
  func drains() async throws {
    try await Shop.open(parts: [.intake]) { shop in
      let port = try FreePort.next()
      let metricsPort = try FreePort.next()
      let process = try ChildProcess(
        try TestRun.program("gkmd"), ["serve", "--only", "intake"],
        environment: [
          "GKM_DATABASE_URL": shop.market.daemon.conninfo, "REDIS_URL": try shop.redis.url(.daemon),
          "STRIPE_WEBHOOK_SECRET": Shop.secret, "GKM_LISTEN": "127.0.0.1:\(port)",
          "GKM_METRICS_LISTEN": "127.0.0.1:\(metricsPort)",
        ])
      let url = "http://127.0.0.1:\(port)"
      try await shop.eventually {
        (try? await shop.http.send(HTTPRequest(url: "\(url)/readyz")).status) == 200
      }
      let outcomes = try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<400 {
          group.addTask {
            try await Task.sleep(for: .milliseconds(number))
            let body = EventBody.make()
            let request = HTTPRequest(
              method: "POST", url: "\(url)/webhooks/stripe", headers: [("Stripe-Signature", shop.sign(body))],
              body: body)
            return (try? await shop.http.send(request).status) ?? 0
          }
        }
        try await Task.sleep(for: .milliseconds(150))
        process.signal(SIGTERM)
        return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
      }
      #expect(try await process.ended() == .exited(0), "\(process.tail())")
      // Answered with a commit, or not answered at all.
      #expect(Set(outcomes.keys).isSubset(of: [200, 0]), "\(outcomes)")
      #expect((outcomes[200] ?? 0) > 0 && (outcomes[0] ?? 0) > 0, "\(outcomes)")
      let stored = try await shop.count("stripe_event")
      #expect(stored >= outcomes[200] ?? 0)
      for line in try process.errors().split(separator: "\n") {
        let json = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(json?["time"] != nil && json?["level"] != nil && json?["message"] != nil, "\(line)")
      }
      let log = try process.errors()
      #expect(log.contains("\"message\":\"stopped\""))
    }
  }

  @Test("Without what it needs it says so, all at once, and exits with 78")
  func refuses() async throws {
    let result = try await ChildProcess.run(
      try TestRun.program("gkmd"), ["serve"],
      environment: ["REDIS_URL": "nonsense", "GKM_MASTER_KEY": "abc", "CREDENTIALS_DIRECTORY": nil])
    #expect(result.ending == .exited(78))
    for name in ["redis.url", "stripe.webhook_secret", "stripe.api_key", "keys.master_key", "mail.url"] {
      #expect(result.errors.contains(name), "\(result.errors)")
    }
  }

  @Test("A client that sends nothing, or ever so slowly, is let go")
  func slowClients() async throws {
    let settings = """
      [http]
      idle_timeout = "1s"
      body_timeout = "1s"
      """
    try await Shop.open(parts: [.intake], settings: settings) { shop in
      let script = """
        import socket, time
        def talk(first, drip):
            s = socket.create_connection(("127.0.0.1", \(shop.port)))
            s.settimeout(0.3)
            s.sendall(first)
            start = time.time()
            answer = b""
            while time.time() - start < 12:
                try:
                    part = s.recv(4096)
                    if not part: break
                    answer += part
                except socket.timeout: pass
                except OSError: break
                try: s.sendall(drip)
                except OSError: break
            print(int(time.time() - start < 11), answer.split(b"\\r\\n")[0].decode())
        talk(b"", b"")
        talk(b"POST /webhooks/stripe HTTP/1.1\\r\\nHost: x\\r\\n", b"")
        talk(b"POST /webhooks/stripe HTTP/1.1\\r\\nHost: x\\r\\nX-A: ", b"a")
        talk(b"POST /webhooks/stripe HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 100000\\r\\n\\r\\n", b"")
        talk(b"POST /webhooks/stripe HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 100000\\r\\n\\r\\n", b"a")
        """
      let result = try await ChildProcess.run("/usr/bin/python3", ["-c", script], within: .seconds(90))
      let lines = result.output.split(separator: "\n").map(String.init)
      #expect(lines.count == 5, "\(result.errors)")
      for line in lines { #expect(line.hasPrefix("1"), "\(lines)") }
      #expect(lines.last == "1 HTTP/1.1 408 Request Timeout", "\(lines)")
    }
  }
}

extension Shop {
  /// A call to Stripe's stand-in.
  func atStripe(_ path: String, _ form: String = "") async throws -> HTTPResponse {
    try await http.send(
      HTTPRequest(
        method: "POST", url: stripeURL + path, headers: [("Content-Type", "application/x-www-form-urlencoded")],
        body: Array(form.utf8)))
  }
}
