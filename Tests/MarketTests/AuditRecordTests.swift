import Market
import Testing

@Suite("An audit record has one spelling")
struct AuditRecordTests {
  private static let nonce = (0..<16).map { UInt8($0 * 17) }

  private static func record(
    reason: String? = "customer says nothing came", details: [String: String] = ["channel": "email", "attempts": "3"]
  ) throws -> AuditRecord {
    try AuditRecord(
      at: Instant(microseconds: 1_772_366_400_000_250), actor: "ops_anna", role: .ops, action: .deliveryRetryRequested,
      subject: .delivery(DeliveryID(1_234)), order: "GK-7Q2M-4XKD-9R", vendor: VendorID(12), stripeEvent: "evt_1Nabc",
      reason: reason, nonce: nonce, details: details)
  }

  @Test("the lines stand in their order, the details sorted")
  func spelling() throws {
    let expected = """
      gkm-audit v1
      at 2026-03-01T12:00:00.000250Z
      actor ops_anna
      role ops
      action delivery.retry.requested
      subject delivery 1234
      order GK-7Q2M-4XKD-9R
      vendor 12
      stripe_event evt_1Nabc
      reason customer says nothing came
      nonce 00112233445566778899aabbccddeeff
      detail.attempts 3
      detail.channel email

      """
    #expect(String(decoding: try Self.record().bytes, as: UTF8.self) == expected)
  }

  @Test("what is not there leaves no line, and an empty value does")
  func absent() throws {
    let bare = try AuditRecord(
      at: Instant(unixSeconds: 0), actor: "gkm_daemon", role: .daemon, action: .stockReserved,
      subject: .order(OrderID(7)), nonce: Self.nonce, details: ["note": ""])
    let expected = """
      gkm-audit v1
      at 1970-01-01T00:00:00.000000Z
      actor gkm_daemon
      role daemon
      action stock.reserved
      subject order 7
      nonce 00112233445566778899aabbccddeeff
      detail.note\u{20}

      """
    #expect(String(decoding: bare.bytes, as: UTF8.self) == expected)
    #expect(try AuditRecord(parsing: bare.bytes) == bare)
  }

  @Test(
    "any value comes back as it was, and cannot make a line of its own",
    arguments: [
      "", " ", "\\", "\\n", "\n", "a\nnonce 00", "\\\\n\n\\", "trailing\\", "\r\n", "e\u{301}", "日本語 🗝️", "\u{0}",
    ])
  func escapes(value: String) throws {
    let record = try Self.record(reason: value, details: ["a": value, "b": value])
    #expect(try AuditRecord(parsing: record.bytes) == record)
    #expect(record.bytes.split(separator: 0x0A, omittingEmptySubsequences: false).count == 14)
  }

  @Test("the documented SQL builds the same bytes: this leaf was computed by PostgreSQL")
  func sameAsSQL() throws {
    let record = try AuditRecord(
      at: Instant(microseconds: 1_772_366_400_000_250), actor: "ops_anna", role: .ops, action: .deliveryRetryRequested,
      subject: .delivery(DeliveryID(1_234)), vendor: VendorID(12), reason: "a\\b\nnonce é日", nonce: Self.nonce,
      details: ["b": "", "b_c": "x", "ba": "3"])
    #expect(record.leafHash.description == "437ee8f6770831efb6e7ac85be8bc8dfaeb34871fa25d7a273066b4a2b170ad9")
  }

  @Test("bytes in any other spelling are refused")
  func strict() throws {
    let text = String(decoding: try Self.record().bytes, as: UTF8.self)
    let others = [
      "", "gkm-audit v2\n", String(text.dropLast()), text + "\n", text + "detail.zebra 1", text + "extra 1\n",
      text.replacing("00.000250Z", with: "00.00025Z"), text.replacing("vendor 12", with: "vendor 012"),
      text.replacing("vendor 12", with: "vendor twelve"), text.replacing("aabb", with: "AABB"),
      text.replacing("ccddeeff", with: ""), text.replacing("role ops", with: "role king"),
      text.replacing("subject delivery 1234", with: "subject delivery"),
      text.replacing("reason customer", with: "reason \\customer"),
      text.replacing("attempts 3\ndetail.channel email", with: "channel email\ndetail.attempts 3"),
      text.replacing("detail.channel", with: "detail.attempts"), text.replacing("detail.channel", with: "detail.Ch"),
      text.replacing("order GK-7Q2M-4XKD-9R\nvendor 12", with: "vendor 12\norder GK-7Q2M-4XKD-9R"),
    ]
    for other in others {
      #expect(throws: AuditFormatError.self, "\(other)") { try AuditRecord(parsing: Array(other.utf8)) }
    }
    #expect(throws: AuditFormatError.self) { try AuditRecord(parsing: Array(text.utf8) + [0xFF, 0x0A]) }
  }

  @Test("a record of a later release can be read by its name")
  func laterAction() throws {
    let text = String(decoding: try Self.record().bytes, as: UTF8.self)
    let later = text.replacing("delivery.retry.requested", with: "delivery.beamed")
    let record = try AuditRecord(parsing: Array(later.utf8))
    #expect(record.action == nil)
    #expect(record.actionName == "delivery.beamed")
    #expect(record.bytes == Array(later.utf8))
  }

  @Test("what cannot be spelled cannot be made")
  func refused() {
    #expect(throws: AuditFormatError.self) {
      try AuditRecord(
        at: Instant(unixSeconds: 0), actor: "a", role: .ops, action: .orderHeld, subject: .order(OrderID(1)), nonce: [1]
      )
    }
    #expect(throws: AuditFormatError.self) { try Self.record(details: ["two words": "1"]) }
    #expect(throws: AuditFormatError.self) {
      try AuditRecord(
        at: Instant(unixSeconds: 0), actor: "a", role: .ops, action: .orderHeld,
        subject: AuditSubject(kind: "two words", id: "1"), nonce: Self.nonce)
    }
  }

  @Test("every action's name is one the format can spell, and no two are the same")
  func names() {
    #expect(Set(AuditAction.allCases.map(\.rawValue)).count == AuditAction.allCases.count)
    for action in AuditAction.allCases {
      #expect(
        throws: Never.self,
        performing: {
          try AuditRecord(
            at: Instant(unixSeconds: 0), actor: "a", role: .ops, action: action, subject: .order(OrderID(1)),
            nonce: Self.nonce)
        })
    }
  }

  @Test("people read one line")
  func summary() throws {
    #expect(
      try Self.record().summary
        == "2026-03-01T12:00:00.000250Z ops_anna (ops) delivery.retry.requested delivery 1234, order GK-7Q2M-4XKD-9R, "
        + "vendor 12, evt_1Nabc, attempts 3, channel email: customer says nothing came")
  }

  @Test("no bytes make the reader trap", arguments: 1...10)
  func fuzz(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let original = try Self.record().bytes
    for _ in 0..<500 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if let read = try? AuditRecord(parsing: bytes) { #expect(read.bytes == bytes) }
    }
  }
}
