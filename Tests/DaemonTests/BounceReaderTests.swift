import Foundation
import Logging
import Market
import Outbound
import Postgres
import Store
import TestSupport
import Testing

@testable import Daemon

@Suite("The mailbox for bounces")
struct BounceReaderTests {
  private static func folder() throws -> String {
    let path = "\(NSTemporaryDirectory())/gkm-bounces-\(UUID().uuidString)"
    for part in ["new", "cur"] {
      try FileManager.default.createDirectory(atPath: "\(path)/\(part)", withIntermediateDirectories: true)
    }
    return path
  }

  private static func files(_ folder: String, _ part: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(part)")) ?? []).sorted()
  }

  private static func with(
    _ body: @Sendable (Workbench, BounceReader, PreparedDelivery) async throws -> Void
  ) async throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await Workbench.with(keys: 2) { bench in
      let order = try await bench.open(1)[0]
      let prepared = try await bench.apply(Story(order: order).completed(), express: 10).prepared
      let delivery = try #require(prepared.first)
      _ = try await bench.settle([DeliveryOutcome(delivery, .confirmed, reply: "250 OK", retryAfter: nil)])
      let pool = PostgresPool(bench.market.daemon, maximum: 2)
      var logger = Logger(label: "test")
      logger.logLevel = .critical
      let reader = BounceReader(
        folder: folder, report: BounceReport(vault: bench.vault, address: "bounces@shop.example"), pool: pool,
        interval: .milliseconds(50), telemetry: BounceTelemetry(), logger: logger, wake: { _ in })
      do {
        try await body(bench, reader, delivery)
        await pool.close()
      } catch {
        await pool.close()
        throw error
      }
    }
  }

  private static func put(_ bytes: [UInt8], _ name: String, in reader: BounceReader) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(reader.folder)/new/\(name)"))
  }

  @Test("What was recorded moves on; read again after a crash between the two, it is still one bounce")
  func replay() async throws {
    try await Self.with { bench, reader, delivery in
      let address = bench.vault.bounceAddress(.delivery(delivery.delivery), base: "bounces@shop.example")
      let report = BounceSamples.make(BounceSamples.postfix, to: address, about: "buyer@example.com")
      for name in ["1.a", "2.b", "3.c"] {
        try Self.put(report, name, in: reader)
        #expect(await reader.look() == 1)
      }
      #expect(Self.files(reader.folder, "new").isEmpty)
      #expect(Self.files(reader.folder, "cur") == ["1.a:2,S", "2.b:2,S", "3.c:2,S"])
      #expect(try await bench.sql("SELECT count(*) FROM gkm.bounce;") == "1")
      #expect(try await bench.sql("SELECT state FROM gkm.delivery;") == "bounced")
    }
  }

  @Test("What is no bounce of ours is put aside, and stops nobody behind it")
  func aside() async throws {
    try await Self.with { bench, reader, delivery in
      let address = bench.vault.bounceAddress(.delivery(delivery.delivery), base: "bounces@shop.example")
      let unknown = bench.vault.bounceAddress(.delivery(DeliveryID(4_711)), base: "bounces@shop.example")
      try Self.put([UInt8](repeating: 0, count: 3_000), "1.nul", in: reader)
      try Self.put([UInt8](repeating: 0x61, count: BounceReport.limitBytes + 1), "2.huge", in: reader)
      try Self.put(BounceSamples.make(BounceSamples.postfix, to: unknown), "3.unknown", in: reader)
      try Self.put(
        BounceSamples.make(BounceSamples.postfix, to: address.replacing("+d", with: "+n")), "4.forged", in: reader)
      try Self.put(BounceSamples.make(BounceSamples.vacation, to: address), "5.away", in: reader)
      try FileManager.default.createSymbolicLink(
        atPath: "\(reader.folder)/new/6.link", withDestinationPath: "/etc/hostname")
      try FileManager.default.createDirectory(
        atPath: "\(reader.folder)/new/7.folder", withIntermediateDirectories: false)
      try Self.put(BounceSamples.make(BounceSamples.gmail, to: address), "8.real", in: reader)
      #expect(await reader.look() == 8)
      #expect(Self.files(reader.folder, "new").isEmpty)
      #expect(Self.files(reader.folder, "cur") == ["8.real:2,S"])
      #expect(Self.files(reader.folder, "aside").count == 7)
      #expect(try await bench.sql("SELECT count(*), min(status) FROM gkm.bounce;") == "1|5.1.1")
    }
  }

  @Test("While the database does not answer, a bounce waits where it is")
  func waits() async throws {
    try await Self.with { bench, reader, delivery in
      let address = bench.vault.bounceAddress(.delivery(delivery.delivery), base: "bounces@shop.example")
      try Self.put(BounceSamples.make(BounceSamples.postfix, to: address), "1.a", in: reader)
      try await bench.sql("REVOKE INSERT ON gkm.bounce FROM gkm_daemon;")
      #expect(await reader.look() == 0)
      #expect(Self.files(reader.folder, "new") == ["1.a"])
      try await bench.sql("GRANT INSERT ON gkm.bounce TO gkm_daemon;")
      #expect(await reader.look() == 1)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.bounce;") == "1")
    }
  }

  @Test("A mail goes out under a sender of its own, names its text's version, and is marked when it comes back")
  func wholeThread() async throws {
    let (mail, folder) = (try await PrivateMail.start(), try Self.folder())
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let settings =
      "[mail]\nbounces = \"\(folder)\"\nbounce_address = \"back@shop.example\"\nbounce_interval = \"50ms\"\n"
    try await Shop.open(parts: Set(DaemonPart.allCases), settings: settings, mail: mail.url) { shop in
      let listing = try await shop.listing(keys: 1)
      let answer = try await shop.checkout(listing)
      let session = try #require(answer.json["checkout_session"] as? String, "\(answer.text)")
      _ = try await shop.atStripe("/_sim/webhook", "url=http://127.0.0.1:\(shop.port)/webhooks/stripe")
      #expect(try await shop.atStripe("/_sim/sessions/\(session)/pay").status == 200)
      let message = try #require(try await mail.messages(atLeast: 1).first)
      try await shop.eventually { try await shop.sql("SELECT state FROM gkm.orders") == "delivered" }
      let delivery = DeliveryID(try Shop.number(try await shop.sql("SELECT id FROM gkm.delivery")))
      let sender = shop.vault.bounceAddress(.delivery(delivery), base: "back@shop.example")
      #expect(message.contains("Return-Path: <\(sender)>") || message.contains("Return-Path: \(sender)"))
      #expect(message.contains("From: GlobalKeyMarket <keys@shop.example>"))
      #expect(
        try await shop.sql(
          """
          SELECT count(*), bool_and(t.key = 'key_delivered') FROM gkm.delivery_attempt a
          JOIN gkm.template t ON t.version = a.template_version
          """) == "1|t")
      try Data(BounceSamples.make(BounceSamples.postfix, to: sender, about: "buyer@example.com")).write(
        to: URL(fileURLWithPath: "\(folder)/new/1.report"))
      try await shop.eventually { try await shop.sql("SELECT state FROM gkm.delivery") == "bounced" }
      try await shop.eventually { Self.files(folder, "cur") == ["1.report:2,S"] }
    }
    try await mail.stop()
  }
}
