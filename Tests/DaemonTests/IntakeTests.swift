import Foundation
import Market
import Outbound
import Postgres
import TestSupport
import Testing

@testable import Daemon

@Suite("Intake of Stripe's events")
struct IntakeTests {
  @Test("A signed event is stored with its bytes and its job before it is acknowledged")
  func stores() async throws {
    try await Shop.open(parts: [.intake]) { shop in
      let id = EventBody.unique("evt")
      let body = EventBody.make(id: id)
      #expect(try await shop.deliver(body).status == 200)
      let row = try await shop.sql("SELECT type, state, livemode FROM gkm.stripe_event WHERE event_id = '\(id)'")
      #expect(row == "checkout.session.completed|pending|f")
      let stored = try await shop.sql("SELECT encode(body, 'hex') FROM gkm.stripe_event_body WHERE event_id = '\(id)'")
      #expect(stored == Hex.encode(body))
      #expect(try await shop.count("job", where: "kind = 'apply' AND subject = '\(id)'") == 1)
    }
  }

  @Test("What is not rightly signed is refused with its reason, and changes nothing")
  func refuses() async throws {
    try await Shop.open(parts: [.intake]) { shop in
      let body = EventBody.make()
      let before = try await shop.footprint()
      let good = shop.sign(body)
      let requests: [(String, [UInt8], String?, Int, String)] = [
        ("no header", body, nil, 400, "SIGNATURE_MISSING"),
        ("nonsense", body, "nonsense", 400, "SIGNATURE_MALFORMED"),
        ("another secret", body, shop.sign(body, secret: "whsec_other"), 400, "SIGNATURE_MISMATCH"),
        ("too old", body, shop.sign(body, age: 900), 400, "SIGNATURE_TOO_OLD"),
        ("in the future", body, shop.sign(body, age: -900), 400, "SIGNATURE_TOO_NEW"),
        ("cut", Array(body.dropLast(10)), good, 400, "SIGNATURE_MISMATCH"),
        ("altered", body.map { $0 == UInt8(ascii: "1") ? UInt8(ascii: "2") : $0 }, good, 400, "SIGNATURE_MISMATCH"),
        (
          "v0 alone", body, good.split(separator: "=").joined(separator: "=").replacing("v1=", with: "v0="), 400,
          "SIGNATURE_MALFORMED"
        ),
        ("not UTF-8", [0xFF, 0xFE, 0x00, 0x80], "t=1,v1=00", 400, "SIGNATURE_MISMATCH"),
        ("empty", [], nil, 400, "SIGNATURE_MISSING"),
        ("2 MB", [UInt8](repeating: 0x20, count: 2 << 20), good, 413, "TOO_LARGE"),
      ]
      for (name, body, signature, status, code) in requests {
        let headers = signature.map { [("Stripe-Signature", $0)] } ?? []
        let answer = try await shop.post("/webhooks/stripe", body, headers: headers)
        #expect(answer.status == status, "\(name)")
        #expect(answer.code == code, "\(name): \(answer.text)")
        #expect(answer.header("content-type") == "application/problem+json", "\(name)")
      }
      #expect(try await shop.footprint() == before)
      let metrics = shop.registry.exposition()
      #expect(metrics.contains("gkm_intake_events_total{outcome=\"too_old\"} 1\n"))
      #expect(metrics.contains("gkm_intake_events_total{outcome=\"too_new\"} 1\n"))
      #expect(metrics.contains("gkm_intake_events_total{outcome=\"too_large\"} 1\n"))
    }
  }

  @Test("A body sent in chunks without a length is held to the limit too")
  func chunkedBody() async throws {
    try await Shop.open(parts: [.intake], settings: "intake.body_limit_bytes = 4096") { shop in
      let before = try await shop.footprint()
      let answer = try await ChildProcess.run(
        "/usr/bin/python3",
        [
          "-c",
          """
          import http.client
          c = http.client.HTTPConnection("127.0.0.1", \(shop.port))
          c.request("POST", "/webhooks/stripe", body=(b"x" * 1024 for _ in range(64)), encode_chunked=True,
                    headers={"Transfer-Encoding": "chunked"})
          print(c.getresponse().status)
          """,
        ])
      #expect(answer.output == "413\n", "\(answer.errors)")
      #expect(try await shop.footprint() == before)
    }
  }

  @Test("While a secret is rolled, both count")
  func rotation() async throws {
    try await Shop.open(parts: [.intake], secrets: "whsec_new,whsec_old") { shop in
      for (secret, status) in [("whsec_new", 200), ("whsec_old", 200), (Shop.secret, 400)] {
        let answer = try await shop.deliver(EventBody.make(), secret: secret)
        #expect(answer.status == status)
      }
      let stored = try await shop.count("stripe_event")
      #expect(stored == 2)
    }
  }

  @Test("The same event 50 times at once, again after FLUSHALL, and once more, is one row and one job")
  func deduplicates() async throws {
    let redis = try await PrivateRedis.start()
    try await Shop.open(parts: [.intake], with: redis) { shop in
      let body = EventBody.make()
      try await expectAccepted(shop, body, times: 50)
      #expect(try await shop.footprint() == "1|1|1|0|0")
      try await shop.eventually { try await redis.command("DBSIZE") != "0\n" }
      try await expectAccepted(shop, body, times: 5)
      try await redis.command("FLUSHALL")
      try await expectAccepted(shop, body, times: 50)
      #expect(try await shop.footprint() == "1|1|1|0|0")
      let ttl = try await redis.command("--scan", "--pattern", "gkm:seen:*")
      #expect(ttl.split(separator: "\n").count == 1)
    }
    try await redis.stop()
  }

  private func expectAccepted(_ shop: Shop, _ body: [UInt8], times: Int) async throws {
    let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<times { group.addTask { try await shop.deliver(body).status } }
      return try await group.reduce(into: [Int]()) { $0.append($1) }
    }
    #expect(statuses == Array(repeating: 200, count: times))
  }

  @Test("What Redis forgot or never answers is decided by PostgreSQL")
  func withoutRedis() async throws {
    let redis = try await PrivateRedis.start()
    try await Shop.open(parts: [.intake], with: redis) { shop in
      let body = EventBody.make()
      #expect(try await shop.deliver(body).status == 200)
      try redis.freeze()
      #expect(try await shop.deliver(body).status == 200)
      #expect(try await shop.deliver(EventBody.make()).status == 200)
      try redis.thaw()
      try redis.kill()
      for _ in 0..<10 { #expect(try await shop.deliver(body).status == 200) }
      #expect(try await shop.deliver(EventBody.make()).status == 200)
      #expect(try await shop.count("stripe_event") == 3)
      #expect(try await shop.count("job") == 3)
      #expect(try await shop.get("/readyz").status == 200)
    }
  }

  @Test("An event seen under another epoch is looked up in the database, not believed")
  func epochs() async throws {
    try await Shop.open(parts: [.intake]) { shop in
      let body = EventBody.make()
      #expect(try await shop.deliver(body).status == 200)
      // The database is restored to before the event.
      try await shop.sql(
        """
        DELETE FROM gkm.stripe_event; DELETE FROM gkm.stripe_event_body; DELETE FROM gkm.job;
        UPDATE gkm.installation SET epoch = epoch - 1;
        """)
      try await shop.eventually {
        #expect(try await shop.deliver(body).status == 200)
        return try await shop.count("stripe_event") == 1
      }
    }
  }

  @Test(
    "A rightly signed body that cannot be applied is kept aside and answered 200",
    arguments: [
      ("no JSON at all", "quarantined", "no JSON"), (#"{"object":"event"}"#, "quarantined", "without an event's id"),
      ("", "quarantined", "no JSON"), (#"{"id":"evt_#","type":"","object":"event"}"#, "quarantined", "no type"),
      (#"{"id":"evt_#","type":"checkout.session.completed","livemode":true}"#, "quarantined", "a live event"),
      (#"{"id":"evt_#","object":"v2.core.event","type":"v2.core.account.created"}"#, "ignored", "a thin event"),
      (#"{"id":"evt_#","object":"event","type":"customer.created","livemode":false}"#, "ignored", ""),
    ])
  func keptAside(text: String, state: String, problem: String) async throws {
    try await Shop.open(parts: [.intake]) { shop in
      let body = Array(text.replacing("#", with: EventBody.unique("x")).utf8)
      for _ in 0..<3 { #expect(try await shop.deliver(body).status == 200) }
      let row = try await shop.sql("SELECT state, coalesce(problem, '') FROM gkm.stripe_event")
      #expect(row.hasPrefix("\(state)|"))
      #expect(problem.isEmpty ? row == "ignored|" : row.contains(problem))
      #expect(try await shop.count("job") == 0)
      #expect(try await shop.count("stripe_event_body") == 1)
      let audited = try await shop.count("audit_event", where: "action = 'stripe.event.quarantined'")
      #expect(audited == (state == "quarantined" ? 1 : 0))
    }
  }

  @Test("A signed body of any bytes is kept under its hash")
  func anyBytes() async throws {
    try await Shop.open(parts: [.intake]) { shop in
      let body: [UInt8] = [0xFF, 0x00, 0xFE, 0x80, 0x7B]
      #expect(try await shop.deliver(body).status == 200)
      let id = try await shop.sql("SELECT event_id FROM gkm.stripe_event WHERE state = 'quarantined'")
      #expect(id.hasPrefix("sha256:"))
      #expect(try await shop.sql("SELECT encode(body, 'hex') FROM gkm.stripe_event_body") == "ff00fe807b")
    }
  }

  @Test("One event that cannot be stored does not keep the others of its batch from it")
  func poison() async throws {
    try await Shop.open(parts: [.intake], settings: "intake.deadline = \"30s\"") { shop in
      // A rule of somebody's that refuses one event alone.
      try await shop.sql("ALTER TABLE gkm.stripe_event ADD CHECK (event_id <> 'evt_poison')")
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<40 {
          let body = number == 20 ? EventBody.make(id: "evt_poison") : EventBody.make()
          group.addTask { try await shop.deliver(body).status }
        }
        return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
      }
      #expect(statuses == [200: 39, 503: 1])
      #expect(try await shop.count("stripe_event") == 39)
    }
  }

  @Test("Without PostgreSQL the answer is 503 with Retry-After; when it is back, events are taken again")
  func withoutPostgres() async throws {
    let server = try await PrivatePostgres.start(settings: ["fsync": "off"])
    try await Shop.open(parts: [.intake], settings: "intake.deadline = \"400ms\"", on: server) { shop in
      #expect(try await shop.deliver(EventBody.make()).status == 200)
      try server.kill()
      let body = EventBody.make()
      let refused = try await shop.deliver(body)
      #expect(refused.status == 503)
      #expect(refused.header("retry-after") != nil)
      #expect(try await shop.get("/healthz").status == 200)
      try await shop.eventually { try await shop.get("/readyz").status == 503 }
      try await server.start()
      try await shop.eventually { try await shop.deliver(body).status == 200 }
      #expect(try await shop.count("stripe_event") == 2)
      try await shop.eventually { try await shop.get("/readyz").status == 200 }
    }
    try await server.stop()
  }

  @Test("Many different events at once are all stored, each once")
  func burst() async throws {
    try await Shop.open(parts: [.intake]) { shop in
      let bodies = (0..<600).map { _ in EventBody.make() }
      let accepted = try await withThrowingTaskGroup(of: Int.self) { group in
        for body in bodies + bodies { group.addTask { try await shop.deliver(body).status } }
        return try await group.reduce(0) { $0 + ($1 == 200 ? 1 : 0) }
      }
      #expect(accepted == 1_200)
      #expect(try await shop.footprint() == "600|600|600|0|0")
    }
  }
}
