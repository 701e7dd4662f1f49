import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("Where and of what vendors are told") struct VendorNoticeTests {
  @discardableResult
  private func signedIn<T: Sendable>(
    _ person: PostgresConfiguration, _ body: @Sendable (PostgresConnection) async throws -> T
  ) async throws -> T {
    let connection = try await PostgresConnection.connect(person)
    do {
      let value = try await body(connection)
      await connection.close()
      return value
    } catch {
      await connection.close()
      throw error
    }
  }

  @Test("A vendor has its own endpoints, another's are not there for it, and every step is audited")
  func endpoints() async throws {
    try await SeededMarket.with { seeded in
      let endpoint = try await signedIn(try await seeded.person(.vendor)) { vendor in
        let endpoint = try await vendor.write {
          try WebhookActions.add(
            $0, vendor: nil, url: "https://keyhaus.example/hook", events: [.orderNew, .stockLow], reason: nil)
        }
        _ = try await vendor.write {
          try WebhookActions.rotate($0, endpoint, version: 1, overlapHours: 24, reason: nil)
        }
        await #expect(throws: ActionRefused.self) {
          try await vendor.write { try WebhookActions.set($0, endpoint, version: 1, state: "disabled", reason: nil) }
        }
        _ = try await vendor.write { try WebhookActions.set($0, endpoint, version: 2, state: "disabled", reason: nil) }
        _ = try await vendor.write { try WebhookActions.set($0, endpoint, version: 3, state: "active", reason: nil) }
        let rows = try await vendor.read { try WebhookActions.list($0, vendor: nil) }
        #expect(rows.map(\.url) == ["https://keyhaus.example/hook"] && rows.first?.previousUntil != nil)
        #expect(rows.first?.events == "order.new stock.low")
        return endpoint
      }
      try await signedIn(try await seeded.person(.vendor, vendor: SeededMarket.nordlicht)) { other in
        let seen = try await other.read { try WebhookActions.list($0, vendor: SeededMarket.keyhaus) }
        #expect(seen.isEmpty)
        for attempt in [
          { try WebhookActions.set($0, endpoint, version: 4, state: "removed", reason: nil) },
          { try WebhookActions.rotate($0, endpoint, version: 4, overlapHours: 0, reason: nil) },
          { try WebhookActions.test($0, endpoint, reason: nil).rawValue },
          { try WebhookActions.requestSecret($0, endpoint, publicKey: [UInt8](repeating: 9, count: 32), reason: nil) },
          {
            try WebhookActions.add(
              $0, vendor: SeededMarket.keyhaus, url: "https://evil.example/", events: [.orderNew], reason: nil
            ).rawValue
          },
          {
            try WebhookActions.contact(
              $0, vendor: SeededMarket.keyhaus, email: "evil@example.com", locale: nil, events: nil, reason: nil)
            return 0
          },
          {
            try WebhookActions.threshold($0, ListingID(1), 3, reason: nil)
            return 0
          },
        ] as [@Sendable (borrowing Session) throws -> Int64] {
          await #expect(throws: ActionRefused.self) { _ = try await other.write { try attempt($0) } }
        }
      }
      let actions = try await seeded.market.database.sql(
        "SELECT string_agg(action, ' ' ORDER BY id) FROM gkm.audit_event WHERE subject_kind = 'webhook';")
      #expect(actions == "webhook.added webhook.rotated webhook.disabled webhook.enabled")
    }
  }

  @Test("Staff act for a vendor with a reason; support does not")
  func staff() async throws {
    try await SeededMarket.with { seeded in
      try await signedIn(try await seeded.person(.ops)) { ops in
        await #expect(throws: ActionRefused.self, "no reason") {
          try await ops.write {
            try WebhookActions.contact(
              $0, vendor: SeededMarket.keyhaus, email: "a@keyhaus.example", locale: "es", events: nil, reason: nil)
          }
        }
        try await ops.write {
          try WebhookActions.contact(
            $0, vendor: SeededMarket.keyhaus, email: "a@keyhaus.example", locale: "es", events: [],
            reason: "they asked for it")
        }
        await #expect(throws: ActionRefused.self, "no address") {
          try await ops.write {
            try WebhookActions.contact(
              $0, vendor: SeededMarket.keyhaus, email: "nobody", locale: nil, events: nil, reason: "they asked")
          }
        }
      }
      try await signedIn(try await seeded.person(.support)) { support in
        _ = await #expect(throws: ActionRefused.self) {
          try await support.read { try WebhookActions.list($0, vendor: SeededMarket.keyhaus) }
        }
      }
      let vendor = try await seeded.market.database.sql(
        "SELECT contact_email || ' ' || locale || ' ' || mail_events::text FROM gkm.vendor WHERE id = 1;")
      #expect(vendor == "a@keyhaus.example es {}")
      let body = try await seeded.market.database.sql(
        "SELECT convert_from(body, 'UTF8') FROM gkm.audit_event WHERE action = 'vendor.changed';")
      #expect(!body.contains("@") && body.contains("detail.address changed"), "\(body)")
    }
  }

  @Test(
    "An address that is none, or that hides a password, is refused",
    arguments: [
      "ftp://a.example/", "https://user:pass@a.example/", "https://a.example/#x", "https://", "https://a b/",
      "javascript:alert(1)", "//a.example", "https://a.example/\u{202E}",
    ])
  func addresses(_ url: String) async throws {
    try await SeededMarket.with { seeded in
      let person = try await seeded.person(.vendor)
      try await signedIn(person) { vendor in
        _ = await #expect(throws: (any Error).self) {
          try await vendor.write {
            try WebhookActions.add($0, vendor: nil, url: url, events: [.orderNew], reason: nil)
          }
        }
      }
      return
    }
  }
}
