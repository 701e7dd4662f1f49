import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("What is mailed, and what comes back") struct MailStoreTests {
  /// A delivered order of one unit.
  private func delivered(_ bench: Workbench) async throws -> (OpenedOrder, PreparedDelivery) {
    let order = try await bench.open(1)[0]
    let prepared = try await bench.apply(Story(order: order).completed(), express: 10).prepared
    let delivery = try #require(prepared.first)
    _ = try await bench.settle([DeliveryOutcome(delivery, .confirmed, reply: "250 OK", retryAfter: nil)])
    return (order, delivery)
  }

  private func bounce(
    _ subject: BounceSubject, digest: Character = "a", isFinal: Bool = true, status: String? = "5.1.1"
  ) -> Bounce {
    Bounce(
      subject: subject, status: status, isFinal: isFinal, diagnostic: "550 5.1.1 <buyer@example.com> is unknown",
      reporter: "mx.example.com", digest: String(repeating: digest, count: 64))
  }

  private func kept(_ bench: Workbench) async throws {
    let results = try await bench.daemon.read { try Verification().look($0) }
    for result in results { #expect(result.isKept, "\(result.check): \(result.offenders)") }
  }

  @Test("An attempt names the version that it was written from, and the register has its content")
  func versions() async throws {
    try await Workbench.with(keys: 2) { bench in
      _ = try await delivered(bench)
      let row = try await bench.sql(
        """
        SELECT a.template_version = t.version, t.key, t.locale, t.content = E'Your key.\\n'
        FROM gkm.delivery_attempt a JOIN gkm.template t ON t.version = a.template_version;
        """)
      #expect(row == "t|key_delivered|en|t")
      try await kept(bench)
      // A version is its content: nothing else can stand under its name, and nobody changes one.
      await #expect(throws: (any Error).self) {
        try await bench.sql("UPDATE gkm.template SET content = 'other';")
      }
      let entries = try await bench.daemon.read { try TemplateRegister.entries($0) }
      #expect(entries.map(\.template) == [Workbench.template])
    }
  }

  @Test("A bounce marks its delivery, opens one case and is one however often its report is read")
  func bounces() async throws {
    try await Workbench.with(keys: 2) { bench in
      let (order, delivery) = try await delivered(bench)
      let report = bounce(.delivery(delivery.delivery))
      #expect(try await bench.daemon.write { try BounceDesk.record($0, report) } == .recorded)
      for _ in 0..<3 { #expect(try await bench.daemon.write { try BounceDesk.record($0, report) } == .known) }
      #expect(
        try await bench.sql("SELECT state, last_reply, confirmed_at IS NOT NULL FROM gkm.delivery;")
          == "bounced|550 5.1.1 <buyer@example.com> is unknown|t")
      #expect(
        try await bench.sql("SELECT kind, status, is_final, reporter FROM gkm.bounce;") == "hard|5.1.1|t|mx.example.com"
      )
      #expect(
        try await bench.sql(
          """
          SELECT count(*), min(convert_from(body, 'UTF8')) LIKE '%buyer@example.com%' FROM gkm.audit_event
          WHERE action = 'delivery.bounced' AND order_id = \(order.id);
          """) == "1|f")
      #expect(
        try await bench.sql("SELECT kind, (SELECT count(*) FROM gkm.case_message) FROM gkm.support_case;")
          == "delivery_failed|1")
      #expect(try await bench.state(of: order) == "delivered")
      try await kept(bench)
    }
  }

  @Test("A mail that is only late changes nothing but the record; what was never sent is unknown")
  func lateAndUnknown() async throws {
    try await Workbench.with(keys: 2) { bench in
      let (_, delivery) = try await delivered(bench)
      let late = bounce(.delivery(delivery.delivery), isFinal: false, status: "4.4.1")
      #expect(try await bench.daemon.write { try BounceDesk.record($0, late) } == .recorded)
      #expect(try await bench.sql("SELECT state FROM gkm.delivery;") == "confirmed")
      #expect(try await bench.sql("SELECT kind FROM gkm.bounce;") == "soft")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.support_case;") == "0")
      for subject in [BounceSubject.delivery(DeliveryID(999)), .notice(NoticeID(999))] {
        let stray = bounce(subject, digest: "b")
        #expect(try await bench.daemon.write { try BounceDesk.record($0, stray) } == .unknown)
      }
      #expect(try await bench.sql("SELECT count(*) FROM gkm.bounce;") == "1")
      try await kept(bench)
    }
  }

  @Test("Customers are told of receipt, delay and refund once each")
  func notices() async throws {
    try await Workbench.with(keys: 3) { bench in
      let orders = try await bench.open(1, 1)
      for order in orders { try await bench.apply(Story(order: order).completed()) }
      let (first, ids) = (orders[0], orders.map(\.id.description).joined(separator: ","))
      for _ in 0..<2 { try await bench.sql("SELECT gkm.notice_received(ARRAY[\(ids)]::bigint[]);") }
      #expect(try await bench.daemon.write { try CustomerNotices.delayed($0, after: .seconds(600)) } == 0)
      try await bench.sql(
        """
        BEGIN; SET LOCAL session_replication_role = replica;
        UPDATE gkm.orders SET paid_at = now() - interval '11 min' WHERE id = \(first.id); COMMIT;
        """)
      #expect(try await bench.daemon.write { try CustomerNotices.delayed($0, after: .seconds(600)) } == 1)
      #expect(try await bench.daemon.write { try CustomerNotices.delayed($0, after: .seconds(600)) } == 0)
      for _ in 0..<2 { try await bench.apply(Story(order: first).refunded()) }
      #expect(
        try await bench.sql(
          "SELECT template, count(*), min(data->>'amount'), min(data->>'whole') FROM gkm.notice GROUP BY 1 ORDER BY 1;")
          == "delivery_delayed|1||\norder_received|2||\norder_refunded|1|19.99 EUR|yes")
      #expect(
        try await bench.sql(
          "SELECT count(*) FROM gkm.job j JOIN gkm.notice n ON n.id::text = j.subject WHERE kind = 'notify';")
          == "4")
      try await kept(bench)
    }
  }
}

@Suite("Codes that prove an address") struct AddressCodeTests {
  private static let nonce = [UInt8](repeating: 9, count: AddressCodeRequest.nonceByteCount)

  private func paidOrder(_ bench: Workbench) async throws -> OpenedOrder {
    let order = try await bench.open(1)[0]
    try await bench.apply(Story(order: order).completed())
    return order
  }

  private func ask(_ bench: Workbench, _ address: String) async throws -> AddressCodeRequest {
    let codes = AddressCodes(vault: bench.vault)
    return try await bench.daemon.write { try codes.request($0, address: address, nonce: Self.nonce) }
  }

  private func show(
    _ bench: Workbench, _ request: AddressCodeRequest, _ code: String
  ) async throws -> [AddressCodes.Order]? {
    let codes = AddressCodes(vault: bench.vault)
    return try await bench.daemon.write { try codes.orders($0, request, code: code) }
  }

  @Test("The mailed code shows the orders of its address, once; the code stands nowhere")
  func rightCode() async throws {
    try await Workbench.with(keys: 2) { bench in
      let order = try await paidOrder(bench)
      let request = try await ask(bench, "BUYER@example.com")
      let code = bench.vault.code(of: request)
      #expect(try await bench.sql("SELECT template, order_id FROM gkm.notice;") == "address_code|\(order.id)")
      #expect(
        try await bench.sql(
          """
          SELECT count(*) FROM gkm.notice n, gkm.address_code c
          WHERE strpos(n.data::text, '\(code)') > 0 OR strpos(c::text, '\(code)') > 0
            OR strpos(c::text, 'buyer@') > 0 OR strpos(n.data::text, 'buyer@') > 0;
          """) == "0")
      let found = try #require(try await show(bench, request, code.replacing("-", with: " ")))
      #expect(found.map(\.id) == [order.id])
      #expect(try await bench.sql("SELECT count(*) FROM gkm.audit_event WHERE action = 'address.proven';") == "1")
      #expect(try await show(bench, request, code) == nil)
    }
  }

  @Test("Five wrong codes end a request: not even the right one helps then")
  func guessing() async throws {
    try await Workbench.with(keys: 2) { bench in
      _ = try await paidOrder(bench)
      let request = try await ask(bench, "buyer@example.com")
      for _ in 0..<AddressCodes.tries { #expect(try await show(bench, request, "0000-0000") == nil) }
      #expect(try await show(bench, request, bench.vault.code(of: request)) == nil)
      #expect(try await bench.sql("SELECT tries, used_at IS NULL FROM gkm.address_code;") == "5|t")
    }
  }

  @Test("A code is good for its own request alone, and for a quarter of an hour")
  func otherCodes() async throws {
    try await Workbench.with(keys: 2) { bench in
      _ = try await paidOrder(bench)
      let (mine, other) = (try await ask(bench, "buyer@example.com"), try await ask(bench, "else@example.com"))
      #expect(try await show(bench, mine, bench.vault.code(of: other)) == nil)
      // The other's own code is right, and its address has no orders.
      #expect(try await show(bench, other, bench.vault.code(of: other)) == nil)
      let forged = AddressCodeRequest(id: mine.id, nonce: [UInt8](repeating: 8, count: 16))
      #expect(try await show(bench, forged, bench.vault.code(of: forged)) == nil)
      try await bench.sql(
        "UPDATE gkm.address_code SET created_at = created_at - interval '1 h', expires_at = now() - interval '1 s';")
      #expect(try await show(bench, mine, bench.vault.code(of: mine)) == nil)
    }
  }

  @Test("An address gets three codes in an hour, and an unknown one leaves the same trace")
  func limits() async throws {
    try await Workbench.with(keys: 2) { bench in
      _ = try await paidOrder(bench)
      for _ in 0..<5 { _ = try await ask(bench, "buyer@example.com") }
      for _ in 0..<5 { _ = try await ask(bench, "nobody@example.com") }
      #expect(try await bench.sql("SELECT count(*) FROM gkm.notice;") == "3")
      #expect(
        try await bench.sql("SELECT count(*), count(DISTINCT address_digest) FROM gkm.address_code;") == "10|2")
    }
  }

  @Test("What is proven is the address that was asked for, not where mail goes by now")
  func changedAddress() async throws {
    try await Workbench.with(keys: 2) { bench in
      let order = try await paidOrder(bench)
      let request = try await ask(bench, "buyer@example.com")
      try await bench.sql(
        """
        BEGIN; SET LOCAL session_replication_role = replica;
        UPDATE gkm.orders SET customer_email = 'new@example.com' WHERE id = \(order.id); COMMIT;
        """)
      #expect(try await show(bench, request, bench.vault.code(of: request)) == nil)
    }
  }
}
