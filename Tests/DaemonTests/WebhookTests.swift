import Market
import Outbound
import Postgres
import Store
import Stripe
import TestSupport
import Testing

@testable import Daemon

@Suite("Vendors' webhooks") struct WebhookTests {
  private func unixNow() -> Int64 { NoticeBench.now().unixSeconds }

  @Test("A call is signed so that openssl and Stripe's own scheme agree, and says nothing of the customer")
  func signed() async throws {
    let hook = try HookServer()
    defer { hook.stop() }
    try await NoticeBench.with { notices in
      let endpoint = try await notices.endpoint("\(hook.url)/orders")
      try await notices.tell()
      try await notices.working(NoticeBench.settings()) {
        try await notices.eventually("SELECT string_agg(state, ',') FROM gkm.notice;", is: "sent")
      }
      let call = try #require(hook.received.first)
      #expect(hook.received.count == 1 && call.path == "/orders")
      #expect(call.text.contains("\"type\":\"stock.low\"") && call.text.contains("\"available\":2"))
      #expect(!call.text.contains("@"))
      let secret = notices.vault.webhookSecret(endpoint, generation: 1).text
      #expect(secret.hasPrefix("whsec_") && secret.count == 49)
      let header = try #require(call.headers["gkm-signature"])
      let check = SignatureVerifier(secrets: [secret]).verify(header: header, body: call.body, now: unixNow())
      #expect(check.isValid, "\(check)")
      let parts = header.split(separator: ",").map(String.init)
      let time = try #require(parts.first?.dropFirst(2))
      let openssl = try await ChildProcess.run(
        "openssl", ["dgst", "-sha256", "-hmac", secret], input: "\(time).\(call.text)")
      let digest = try #require(openssl.output.split(separator: " ").last).filter { !$0.isWhitespace }
      #expect(parts.contains("v1=\(digest)"), "\(header) has no \(digest): \(openssl.errors)")
      #expect(try await notices.sql("SELECT message_id FROM gkm.notice;") == notices.vault.eventID(notice: NoticeID(1)))
      #expect(call.text.contains(notices.vault.eventID(notice: NoticeID(1))))
      try await notices.isClean()
    }
  }

  @Test("While a secret is rotated both sign; after that the new one alone")
  func rotation() async throws {
    let hook = try HookServer()
    defer { hook.stop() }
    try await NoticeBench.with { notices in
      let endpoint = try await notices.endpoint(hook.url)
      let old = notices.vault.webhookSecret(endpoint, generation: 1).text
      let new = notices.vault.webhookSecret(endpoint, generation: 2).text
      #expect(old != new)
      @Sendable func rotate(_ until: String) async throws {
        try await notices.sql(
          """
          BEGIN; SET LOCAL session_replication_role = replica;
          UPDATE gkm.webhook_endpoint SET generation = 2, previous_until = \(until);
          COMMIT;
          """)
      }
      try await rotate("now() + interval '1 hour'")
      try await notices.tell(named: "during")
      try await notices.working(NoticeBench.settings()) {
        try await notices.eventually("SELECT count(*) FROM gkm.notice WHERE state = 'sent';", is: "1")
        try await rotate("now() - interval '1 second'")
        try await notices.tell(named: "after")
        try await notices.eventually("SELECT count(*) FROM gkm.notice WHERE state = 'sent';", is: "2")
      }
      let now = unixNow()
      func verified(_ call: HookServer.Received, _ secret: String) -> Bool {
        SignatureVerifier(secrets: [secret]).verify(
          header: call.headers["gkm-signature"], body: call.body, now: now
        ).isValid
      }
      let calls = hook.received
      #expect(calls.count == 2)
      #expect(verified(calls[0], old) && verified(calls[0], new))
      #expect(!verified(calls[1], old) && verified(calls[1], new))
    }
  }

  @Test("The secret is handed out sealed to whoever asked, and opens for nobody else")
  func secretHandedOut() async throws {
    try await NoticeBench.with { notices in
      let endpoint = try await notices.endpoint("https://vendor.example/hook")
      let vendor = try await PostgresConnection.connect(
        try await notices.bench.market.person(.vendor, vendor: VendorID(1)))
      let key = SealedAnswer.Key()
      let request = try await vendor.write {
        try WebhookActions.requestSecret($0, endpoint, publicKey: key.publicKey, reason: nil)
      }
      let sealed = try await notices.working(NoticeBench.settings()) {
        var sealed: [UInt8]?
        while sealed == nil {
          sealed = try await vendor.read { try WebhookActions.secret($0, request: request) }
          try await Task.sleep(for: .milliseconds(20))
        }
        return sealed ?? []
      }
      let info = WebhookSecretRequests.info(request)
      let secret = notices.vault.webhookSecret(endpoint, generation: 1).text
      #expect(String(decoding: try key.open(sealed, info: info), as: UTF8.self) == secret)
      #expect(throws: VaultError.notAuthentic) { try SealedAnswer.Key().open(sealed, info: info) }
      #expect(throws: VaultError.notAuthentic) { try key.open(sealed, info: "gkm webhook secret 0") }
      let ops = try await PostgresConnection.connect(try await notices.bench.market.person(.ops))
      await #expect(throws: ActionRefused.self, "another's request") {
        try await ops.read { try WebhookActions.secret($0, request: request) }
      }
      await vendor.close()
      await ops.close()
      let dump = try await notices.sql("SELECT string_agg(r::text, '') FROM gkm.webhook_endpoint r;")
      #expect(!dump.contains(secret))
    }
  }

  @Test(
    "Addresses that are not of the open Internet",
    arguments: [
      "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.9.9.9", "169.254.169.254",
      "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.7",
      "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1",
      "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "fe80::1", "fc00::1",
      "fd00:ec2::254", "ff02::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "fe80::1%eth0", "localhost", "",
    ])
  func refusedAddress(_ address: String) {
    #expect(!PublicAddress.contains(address))
  }

  @Test(
    "Addresses that are",
    arguments: [
      "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "193.0.0.1",
      "2606:4700::1111", "2a00:1450::200e", "::ffff:8.8.8.8",
    ])
  func allowedAddress(_ address: String) {
    #expect(PublicAddress.contains(address))
  }

  @Test(
    "A name that leads inside is refused where it connects, whatever it resolved to before; nothing is sent",
    arguments: [
      "https://localhost", "https://127.0.0.1", "https://[::ffff:127.0.0.1]", "https://2130706433", "http://1.1.1.1",
    ])
  func inside(_ base: String) async throws {
    let hook = try HookServer()
    defer { hook.stop() }
    try await NoticeBench.with { notices in
      _ = try await notices.endpoint("\(base):\(hook.port)/")
      try await notices.tell()
      try await notices.working(NoticeBench.settings { $0.webhooks.allowsLocal = false }) {
        try await notices.eventually(
          "SELECT state IN ('retrying', 'failed') FROM gkm.notice;", is: "t", within: .seconds(20))
      }
      let reply = try await notices.sql("SELECT last_reply FROM gkm.notice;")
      #expect(reply.contains("not allowed") || reply.contains("only https"), "\(reply)")
      #expect(hook.received.isEmpty)
    }
  }

  @Test("Redirects are not followed, and a long answer is no answer")
  func redirects() async throws {
    let hook = try HookServer { _, request in
      request.path == "/long"
        ? .init(body: String(repeating: "x", count: 70_000))
        : .init(status: 302, headers: [("Location", "/other")])
    }
    defer { hook.stop() }
    try await NoticeBench.with { notices in
      _ = try await notices.endpoint("\(hook.url)/first")
      _ = try await notices.endpoint("\(hook.url)/long")
      try await notices.tell()
      try await notices.working(NoticeBench.settings()) {
        try await notices.eventually("SELECT count(*) FROM gkm.notice WHERE state = 'retrying';", is: "2")
      }
      #expect(Set(hook.received.map(\.path)) == ["/first", "/long"])
      let replies = try await notices.sql("SELECT string_agg(last_reply, ';' ORDER BY id) FROM gkm.notice;")
      #expect(replies.contains("302: redirects are not followed") && replies.contains("larger than"), "\(replies)")
    }
  }

  @Test("An endpoint that fails is left alone, tried by one, and called again once it answers")
  func breaker() async throws {
    let hook = try HookServer { _, _ in .init(status: 500) }
    defer { hook.stop() }
    try await NoticeBench.with { notices in
      _ = try await notices.endpoint(hook.url)
      let settings = NoticeBench.settings {
        $0.webhooks.breaker = BreakerRule(failures: 3, pause: .seconds(600))
        $0.lanes = 1
      }
      @Sendable func health() async throws -> String {
        try await notices.sql("SELECT breaker || ' ' || failures FROM gkm.webhook_health;")
      }
      try await notices.tell(8)
      try await notices.working(settings) {
        try await notices.eventually("SELECT breaker FROM gkm.webhook_health;", is: "open")
        // However often they are due, nobody is called while it is open.
        for _ in 0..<3 {
          try await notices.passTime()
          try await Task.sleep(for: .milliseconds(200))
        }
        #expect(hook.received.count == 3)
        #expect(try await health() == "open 3")
        // Its pause is over: one tries, fails, and it is open again.
        try await notices.sql("UPDATE gkm.webhook_health SET until = now();")
        try await notices.passTime()
        try await notices.eventually("SELECT breaker || ' ' || failures FROM gkm.webhook_health;", is: "open 4")
        try await notices.passTime()
        try await Task.sleep(for: .milliseconds(200))
        #expect(hook.received.count == 4)
        // It works again.
        hook.answers { _, _ in .init() }
        try await notices.sql("UPDATE gkm.webhook_health SET until = now();")
        try await notices.passTime()
        try await notices.eventually("SELECT breaker || ' ' || failures FROM gkm.webhook_health;", is: "closed 0")
        try await notices.passTime()
        try await notices.eventually("SELECT count(*) FROM gkm.notice WHERE state = 'sent';", is: "8")
      }
      #expect(hook.received.count == 12)
      #expect(try await notices.sql("SELECT max(attempts) <= 4 FROM gkm.notice;") == "t", "waiting counts no attempt")
      try await notices.isClean()
    }
  }

  @Test("An endpoint that nobody mends is switched off, and its vendor told by mail")
  func switchedOff() async throws {
    let hook = try HookServer { _, _ in .init(status: 500) }
    defer { hook.stop() }
    let mail = try await PrivateMail.start()
    try await NoticeBench.with { notices in
      try await notices.tellVendor()
      _ = try await notices.endpoint(hook.url)
      try await notices.sql("UPDATE gkm.webhook_health SET failing_since = now() - interval '4 days', failures = 9;")
      try await notices.tell()
      try await notices.working(NoticeBench.settings(), mail: mail.url) {
        try await notices.eventually("SELECT state FROM gkm.webhook_endpoint;", is: "disabled")
        try await notices.passTime()
        try await notices.eventually("SELECT state FROM gkm.notice WHERE channel = 'webhook';", is: "cancelled")
        _ = try await mail.messages(atLeast: 2)
      }
      #expect(try mail.messages().contains { $0.contains("gkm webhook enable 1") })
      #expect(
        try await notices.sql("SELECT count(*) FROM gkm.audit_event WHERE action = 'webhook.disabled';") == "1")
    }
    try await mail.stop()
  }

  @Test("Retry-After is kept to, within an hour")
  func retryAfter() async throws {
    let hook = try HookServer { before, _ in
      .init(status: 429, headers: [("Retry-After", before == 0 ? "120" : "999999")])
    }
    defer { hook.stop() }
    try await NoticeBench.with { notices in
      _ = try await notices.endpoint(hook.url)
      try await notices.tell(2)
      try await notices.working(NoticeBench.settings { $0.lanes = 1 }) {
        try await notices.eventually("SELECT count(*) FROM gkm.notice WHERE state = 'retrying';", is: "2")
      }
      let waits = try await notices.sql(
        """
        SELECT string_agg((next_attempt_at - updated_at BETWEEN w.low AND w.high)::text, ',' ORDER BY n.id)
        FROM gkm.notice n JOIN (VALUES (1, interval '120 s', interval '121 s'), (2, '3600 s', '3601 s'))
          AS w (place, low, high) ON w.place = n.id;
        """)
      #expect(waits == "true,true")
    }
  }

  @Test("What asks for patience is read in each of its spellings")
  func patience() {
    let now = Instant(unixSeconds: 784_111_777)
    func asked(_ headers: [(String, String)], _ body: String = "", status: Int = 429) -> Duration? {
      RetryAsked.duration(HTTPResponse(status: status, headers: headers, body: Array(body.utf8)), now: now)
    }
    #expect(asked([("retry-after", "7")]) == .seconds(7))
    #expect(asked([("Retry-After", "Sun, 06 Nov 1994 08:51:37 GMT")]) == .seconds(120))
    #expect(asked([("Retry-After", "Sun, 06 Nov 1994 08:00:00 GMT")]) == .zero)
    #expect(asked([], #"{"retry_after": 0.5, "global": false}"#) == .milliseconds(500))
    #expect(asked([], #"{"ok":false,"parameters":{"retry_after":31}}"#) == .seconds(31))
    #expect(asked([], #"{"retry_after": -3}"#) == nil)
    #expect(asked([("Retry-After", "soon")]) == nil)
    #expect(asked([], #"{"retry_after": 5}"#, status: 200) == nil)
  }
}
