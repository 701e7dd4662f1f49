import Market
import Outbound
import Postgres
import Store
import TestSupport
import Testing

@testable import Daemon

@Suite("Notices") struct NoticeTests {
  /// A payment's report for an order, as Stripe sends it.
  private func paid(_ order: OpenedOrder) -> (id: String, content: EventContent) {
    let session = StripeFact.sessionCompleted(
      paymentStatus: "paid", total: order.amount, paymentIntent: "pi_\(order.id)", customerEmail: "buyer@example.com")
    return ("evt_paid_\(order.id)", .order(order.id, facts: [session], records: []))
  }

  private func disputed(_ order: OpenedOrder) -> (id: String, content: EventContent) {
    let fact = StripeFact.dispute(
      id: "dp_\(order.id)", type: "charge.dispute.created", event: "evt_dp_\(order.id)", status: "needs_response",
      amount: order.amount.amount, charge: "ch_\(order.id)", paymentIntent: "pi_\(order.id)", reason: "fraudulent",
      dueBy: Instant(unixSeconds: 1_900_000_000))
    return (
      "evt_dp_\(order.id)",
      .order(
        order.id, facts: [fact],
        records: [.dispute(id: "dp_\(order.id)", currency: .eur, createdAt: Instant(unixSeconds: 1_800_000_000))])
    )
  }

  private func team(_ hook: HookServer) -> @Sendable (inout NoticeSettings) -> Void {
    let url = hook.url
    return { settings in
      settings.team.telegram = TeamSettings.Telegram(base: url, token: Secret("123:SECRETTOKEN"), chat: "-100")
      settings.team.discord = Secret("\(url)/discord/secret-path")
      settings.team.mail = ["ops@shop.example"]
    }
  }

  @Test("Through an order's whole life no channel but the key's own mail ever carries a key or the customer's address")
  func canary() async throws {
    let hook = try HookServer()
    defer { hook.stop() }
    let mail = try await PrivateMail.start()
    try await NoticeBench.with(keys: 6, lowStock: 5) { notices in
      try await notices.tellVendor()
      _ = try await notices.endpoint("\(hook.url)/vendor")
      let orders = try await notices.bench.open(2, 1)
      try await notices.working(NoticeBench.settings(team(hook)), mail: mail.url) {
        try await notices.bench.apply(paid(orders[0]), paid(orders[1]))
        try await notices.eventually("SELECT count(*) FROM gkm.orders WHERE state = 'delivered';", is: "2")
        try await notices.passTime()
        try await notices.bench.apply(disputed(orders[0]))
        try await notices.daemon.write {
          try NoticeQueue.add(
            $0, Notice("alert", to: .team, dedupe: "canary", data: ["title": "Mail is failing", "detail": "12 of 20"]))
        }
        // Two sales, a dispute, a low stock, each at the endpoint; a mail each, the sales together; three for the team.
        try await notices.eventually(
          "SELECT string_agg(channel || ' ' || n, ',' ORDER BY channel) FROM (SELECT channel, count(*) AS n FROM gkm.notice"
            + " WHERE state = 'sent' GROUP BY 1) x;", is: "discord 1,email 4,telegram 1,webhook 4")
      }
      let sent = hook.received
      #expect(sent.count == 6)
      for one in sent {
        #expect(!one.everything.contains("KEY-"), "\(one.everything)")
        #expect(!one.everything.contains("buyer@"), "\(one.everything)")
      }
      let mails = try mail.messages()
      let toVendor = mails.filter { $0.contains("Delivered-To: v@example.com") || $0.contains("To: Vend <v@example") }
      #expect(toVendor.count == 3)
      for one in mails where !one.contains("buyer@example.com") { #expect(!one.contains("KEY-")) }
      #expect(mails.count { $0.contains("KEY-") } == 3, "the keys' own mails")
      #expect(toVendor.allSatisfy { !$0.contains("buyer@") })
      #expect(try await notices.sql("SELECT count(*) FROM gkm.notice WHERE data::text LIKE '%KEY-%';") == "0")
      try await notices.isClean()
    }
    try await mail.stop()
  }

  @Test("A vendor gets one mail for the orders of a span of time, and one order is told as one")
  func digest() async throws {
    let mail = try await PrivateMail.start()
    try await NoticeBench.with(keys: 9) { notices in
      try await notices.tellVendor()
      let orders = try await notices.bench.open(1, 1, 1)
      for order in orders { try await notices.bench.apply(paid(order)) }
      // The bench's window is a minute: all are of one, unless the clock just passed its end.
      #expect(try await notices.sql("SELECT count(*) BETWEEN 1 AND 2 FROM gkm.notice;") == "t")
      #expect(try await notices.sql("SELECT bool_and(run_at > now()) FROM gkm.job WHERE kind = 'notify';") == "t")
      try await notices.sql(
        """
        DELETE FROM gkm.job WHERE kind = 'notify' AND subject <> (SELECT min(id)::text FROM gkm.notice);
        DELETE FROM gkm.notice WHERE id > (SELECT min(id) FROM gkm.notice);
        UPDATE gkm.notice SET data = jsonb_build_object('since', now() - interval '1 hour', 'until', now() + interval '1 hour');
        """)
      try await notices.passTime()
      try await notices.working(NoticeBench.settings(), mail: mail.url) {
        try await notices.eventually("SELECT state FROM gkm.notice;", is: "sent")
      }
      let digest = try #require(try mail.messages().first { $0.contains("v@example.com") })
      #expect(digest.contains("Subject: 3 new orders"))
      for order in orders { #expect(digest.contains(order.number)) }
    }
    try await mail.stop()
  }

  @Test("The same thing told twice is told once")
  func dedupe() async throws {
    try await NoticeBench.with { notices in
      _ = try await notices.endpoint("https://vendor.example/")
      try await notices.tell(2)
      try await notices.tell(3)
      #expect(try await notices.sql("SELECT count(*) FROM gkm.notice;") == "3")
      #expect(try await notices.sql("SELECT count(*) FROM gkm.job WHERE kind = 'notify';") == "3")
    }
  }

  @Test("A worker that dies between sending and noting it has the same event sent again, under the same id")
  func crash() async throws {
    let hook = try HookServer()
    defer { hook.stop() }
    try await NoticeBench.with { notices in
      _ = try await notices.endpoint(hook.url)
      try await notices.tell()
      let lease = Lease(for: .seconds(12))
      let prepared = try await notices.daemon.write { session in
        let jobs = try JobQueue.claim(session, .notify, limit: 10, lease: lease)
        return try NoticeClaim.prepare(session, jobs, lease: lease, attemptLimit: 5, breaker: BreakerRule()).prepared
      }
      let outbound = try OutboundClient()
      defer { outbound.close() }
      let first = try #require(prepared.first)
      let outcome = try await notices.sender(NoticeBench.settings(), over: outbound).send(first, attemptLimit: 5)
      #expect(outcome.ending == .confirmed && hook.received.count == 1)
      // It dies here; its lease runs out.
      try await notices.sql("UPDATE gkm.job SET run_at = now();")
      try await notices.working(NoticeBench.settings()) {
        try await notices.eventually("SELECT state FROM gkm.notice;", is: "sent")
      }
      #expect(
        try await notices.sql("SELECT string_agg(outcome, ',' ORDER BY number) FROM gkm.notice_attempt;")
          == "unknown,confirmed")
      #expect(Set(hook.received.map(\.text)).count == 1 && hook.received.count == 2)
      // What the dead one still had to say counts for nothing.
      await #expect(throws: LeaseLost.self) {
        try await notices.daemon.write { try NoticeSettlement.write($0, outcome, breaker: BreakerRule()) }
      }
      try await notices.isClean()
    }
  }

  @Test("A mail server that dies after the content gets the same notice under the same Message-ID")
  func mailCrash() async throws {
    let server = try FickleMailServer(deaths: 1)
    defer { server.stop() }
    try await NoticeBench.with { notices in
      try await notices.tellVendor()
      try await notices.tell()
      try await notices.working(
        NoticeBench.settings(), mail: "smtp://127.0.0.1:\(server.port)?starttls=none"
      ) {
        try await notices.eventually("SELECT state FROM gkm.notice WHERE channel = 'email';", is: "sent")
      }
      let ids = server.received.map { $0.split(separator: "\n").first { $0.hasPrefix("Message-ID:") } }
      #expect(ids.count == 2 && Set(ids).count == 1)
      #expect(
        try await notices.sql("SELECT string_agg(outcome, ',' ORDER BY number) FROM gkm.notice_attempt;")
          == "unknown,confirmed")
    }
  }

  @Test("What cannot be sent ends with the dead letters, undoes nothing, and is sent when a person has it redriven")
  func deadLetter() async throws {
    let hook = try HookServer { _, _ in .init(status: 500) }
    defer { hook.stop() }
    let mail = try await PrivateMail.start()
    try await NoticeBench.with { notices in
      _ = try await notices.endpoint(hook.url)
      let order = try await notices.bench.open(1)[0]
      let settings = NoticeBench.settings { $0.attempts = 2 }
      try await notices.working(settings, mail: mail.url) {
        try await notices.bench.apply(paid(order))
        try await notices.eventually("SELECT state FROM gkm.orders;", is: "delivered")
        try await notices.eventually(
          "SELECT attempts || state FROM gkm.notice WHERE template = 'vendor_new_order';", is: "1retrying")
        try await notices.passTime()
        try await notices.eventually(
          "SELECT attempts || state FROM gkm.notice WHERE template = 'vendor_new_order';", is: "2failed")
      }
      #expect(try await notices.sql("SELECT state FROM gkm.orders;") == "delivered")
      #expect(try await notices.sql("SELECT kind || ' ' || state FROM gkm.job_dead;") == "notify dead")
      try await notices.isClean()

      hook.answers { _, _ in .init() }
      let ops = try await PostgresConnection.connect(try await notices.bench.market.person(.ops))
      let letters = try await ops.write { session in
        try DeadLetters.redrive(session, try DeadLetters.open(session, .notify), reason: "their server is back")
      }
      await ops.close()
      #expect(letters == 1)
      try await notices.working(settings, mail: mail.url) {
        try await notices.eventually(
          "SELECT attempts || state FROM gkm.notice WHERE template = 'vendor_new_order';", is: "3sent")
      }
      #expect(
        try await notices.sql(
          "SELECT string_agg(action, ',' ORDER BY id) FROM gkm.audit_event WHERE action LIKE 'notice.%';")
          == "notice.failed,notice.sent")
      try await notices.isClean()
    }
    try await mail.stop()
  }

  @Test("The team's chats are told in their own ways; what they answer is kept to, and their secrets are kept")
  func chats() async throws {
    let hook = try HookServer { before, request in
      if request.path.hasPrefix("/discord"), before < 2 { return .init(status: 429, body: #"{"retry_after": 64.5}"#) }
      if request.path.hasPrefix("/bot") { return .init(status: 403, body: "bot123:SECRETTOKEN was kicked") }
      return .init(status: 204)
    }
    defer { hook.stop() }
    try await NoticeBench.with { notices in
      let settings = NoticeBench.settings {
        team(hook)(&$0)
        $0.team.mail = []
      }
      try await notices.working(settings) {
        try await notices.eventually("SELECT count(*) FROM gkm.team_channel;", is: "2")
        try await notices.daemon.write {
          try NoticeQueue.add($0, Notice("alert", to: .team, dedupe: "a", data: ["title": "@everyone <b>is</b> late"]))
        }
        try await notices.eventually("SELECT state FROM gkm.notice WHERE channel = 'telegram';", is: "failed")
        try await notices.eventually("SELECT state FROM gkm.notice WHERE channel = 'discord';", is: "retrying")
      }
      let telegram = try #require(hook.received.first { $0.path.hasPrefix("/bot") })
      #expect(telegram.path == "/bot123:SECRETTOKEN/sendMessage")
      #expect(telegram.text.contains(#""chat_id":"-100""#) && telegram.text.contains("@everyone <b>is</b> late"))
      let discord = try #require(hook.received.first { $0.path == "/discord/secret-path" })
      #expect(discord.text.contains(#""allowed_mentions":{"parse":[]}"#))
      #expect(
        try await notices.sql(
          "SELECT next_attempt_at - updated_at >= interval '64 s' FROM gkm.notice WHERE channel = 'discord';") == "t")
      let kept = try await notices.sql(
        "SELECT string_agg(n::text || a::text, '') FROM gkm.notice n, gkm.notice_attempt a;")
      #expect(!kept.contains("SECRETTOKEN") && !kept.contains("secret-path"))
    }
  }

  @Test("Low stock is told once on the way down, and again after it recovered")
  func lowStock() async throws {
    try await NoticeBench.with(keys: 4, lowStock: 5) { notices in
      _ = try await notices.endpoint("https://vendor.example/")
      func told() async throws -> String {
        _ = try await notices.daemon.write { try NoticeQueue.watchStock($0) }
        return try await notices.sql("SELECT count(*) FROM gkm.notice WHERE template = 'vendor_low_stock';")
      }
      func threshold(_ keys: Int32) async throws {
        let vendor = try await PostgresConnection.connect(
          try await notices.bench.market.person(.vendor, vendor: VendorID(1), named: "v\(keys)"))
        try await vendor.write { try WebhookActions.threshold($0, ListingID(1), keys, reason: nil) }
        await vendor.close()
      }
      #expect(try await told() == "1")
      #expect(try await told() == "1")
      try await notices.bench.stock(5...9)
      #expect(try await told() == "1")
      try await threshold(20)
      #expect(try await told() == "2")
      try await threshold(0)
      #expect(try await told() == "2")
      #expect(try await notices.sql("SELECT data->>'threshold' FROM gkm.notice ORDER BY id DESC LIMIT 1;") == "20")
    }
  }

  @Test("When the mail server is back, the mails that wait go at once; chats keep their time, and what is sent is left")
  func mailIsBack() async throws {
    try await NoticeBench.with { bench in
      try await bench.tellVendor()
      try await bench.tell(4)
      try await bench.sql(
        """
        BEGIN; SET LOCAL session_replication_role = replica;
        UPDATE gkm.notice SET state = 'retrying', next_attempt_at = now() + interval '1 hour';
        UPDATE gkm.notice SET channel = 'telegram' WHERE dedupe LIKE '%test/2%';
        UPDATE gkm.notice SET state = 'sent', next_attempt_at = NULL WHERE dedupe LIKE '%test/3%';
        UPDATE gkm.job SET run_at = now() + interval '1 hour' WHERE kind = 'notify';
        UPDATE gkm.job SET lease_token = 7 WHERE subject = (SELECT id::text FROM gkm.notice WHERE dedupe LIKE '%test/4%');
        COMMIT;
        """)
      #expect(try await bench.daemon.write { try NoticeQueue.mailIsBack($0) } == 1)
      let due = try await bench.sql(
        """
        SELECT string_agg(substring(n.dedupe FROM 'test/([0-9])') || (n.next_attempt_at <= now()), ',' ORDER BY n.id)
        FROM gkm.notice n JOIN gkm.job j ON j.subject = n.id::text WHERE j.kind = 'notify' AND j.run_at <= now();
        """)
      let names = try await bench.sql("SELECT string_agg(dedupe, ',') FROM gkm.notice;")
      #expect(due == "1true", "\(names)")
    }
  }

  @Test("Every message waits as long as its attempt says, and never longer than it was asked to")
  func schedule() {
    #expect(NoticeSchedule.delay(afterAttempt: 1, jitter: 0.5) == .seconds(1))
    #expect(NoticeSchedule.delay(afterAttempt: 8, jitter: 0.5) == .seconds(1_800))
    #expect(NoticeSchedule.delay(afterAttempt: 99, jitter: 0.5) == .seconds(14_400))
    #expect(NoticeSchedule.delay(afterAttempt: 1, asked: .seconds(90), jitter: 0) == .seconds(90))
    #expect(NoticeSchedule.delay(afterAttempt: 1, asked: .seconds(1e9), jitter: 0) == .seconds(3_600))
  }
}
