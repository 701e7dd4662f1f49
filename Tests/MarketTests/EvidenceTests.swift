import Market
import Testing

@Suite("Evidence") struct EvidenceTests {
  private static let noon = Instant(unixSeconds: 1_767_268_800)

  private func source() -> EvidenceSource {
    EvidenceSource(
      order: "GK-7Q2M-4XKD-9R", customerName: "Ada Lovelace", customerEmail: "ada@example.com",
      total: Money(4_998, .eur), placedAt: Self.noon, paidAt: Self.noon + .seconds(40), card: "visa •••• 4242",
      charge: "ch_1",
      items: [.init(title: "Stellar Drift", platform: "Steam", quantity: 2, unitPrice: Money(2_499, .eur))],
      unitsTotal: 2,
      deliveries: [
        .init(messageID: "<a@shop.example>", confirmedAt: Self.noon + .seconds(41), reply: "250 2.0.0 Ok: queued"),
        .init(messageID: "<b@shop.example>", confirmedAt: nil, reply: "451 later"),
      ],
      reveals: [.init(at: Self.noon + .seconds(300), address: "203.0.113.7", agent: "Mozilla/5.0\u{202E}")],
      refunds: [], failedAttempts: 1, reason: "fraudulent")
  }

  @Test("What is on record becomes evidence, and nothing is made up")
  func composing() {
    let evidence = Evidence(from: source())
    #expect(evidence[.customerName] == "Ada Lovelace")
    #expect(evidence[.serviceDate] == "2026-01-01")
    #expect(evidence[.customerPurchaseIP] == nil && evidence[.receipt] == nil)
    let log = evidence[.accessActivityLog] ?? ""
    #expect(
      log == """
        2026-01-01T12:00:41Z  mail with the key to ada@example.com accepted by the recipient's mail server: \
        250 2.0.0 Ok: queued; Message-ID <a@shop.example>
        2026-01-01T12:05:00Z  key shown to the customer on the order's page, after a click, from 203.0.113.7, with \
        Mozilla/5.0\u{FFFD}
        """)
    #expect(!log.contains("<b@shop.example>"), "what was not delivered proves nothing")
    let summary = evidence[.uncategorizedText] ?? ""
    #expect(summary.contains("1 of 2 keys delivered by e-mail, the last 1 second after payment."))
    #expect(summary.contains("Paid on 2026-01-01T12:00:40Z with visa •••• 4242, charge ch_1, after 1 failed attempt."))
    #expect(summary.contains("Nothing was refunded."))
  }

  @Test("Refunds are told, and explained where that is the quarrel")
  func refunds() {
    var given = source()
    given.refunds = [.init(id: "re_1", amount: Money(2_499, .eur), status: "succeeded", at: Self.noon)]
    #expect(Evidence(from: given)[.refundRefusalExplanation] == nil)
    given.reason = "credit_not_processed"
    #expect(
      Evidence(from: given)[.refundRefusalExplanation]
        == "Refund re_1 of 24.99 EUR on 2026-01-01T12:00:00Z: succeeded.")
  }

  @Test("A log longer than its field keeps its beginning, line by line")
  func longLogs() {
    var given = source()
    given.reveals = (0..<2_000).map {
      .init(at: Self.noon + .seconds(600 + $0), address: "203.0.113.7", agent: "Agent")
    }
    let log = Evidence(from: given)[.accessActivityLog] ?? ""
    #expect(log.unicodeScalars.count <= EvidenceField.accessActivityLog.limit)
    #expect(log.split(separator: "\n").last?.hasSuffix("more lines are left out") == true)
  }

  @Test("Stripe's limits are kept, field by field and over all")
  func limits() throws {
    var evidence = Evidence()
    #expect(throws: EvidenceError("customer_name has 5001 characters; Stripe takes 5000")) {
      try evidence.set(.customerName, to: String(repeating: "é", count: 5_001))
    }
    #expect(throws: EvidenceError("receipt names a file that was uploaded to Stripe: file_…")) {
      try evidence.set(.receipt, to: "see below")
    }
    #expect(throws: EvidenceError("uncategorized_text holds a control character at 4")) {
      try evidence.set(.uncategorizedText, to: "a\n\t\u{1B}[2J")
    }
    #expect(evidence.isEmpty)
    let texts = EvidenceField.allCases.filter { $0.limit == 20_000 }
    for field in texts.prefix(7) { try evidence.set(field, to: String(repeating: "x", count: 20_000)) }
    try evidence.set(.customerName, to: String(repeating: "x", count: 5_000))
    try evidence.set(.billingAddress, to: String(repeating: "x", count: 5_000))
    #expect(evidence.length == 150_000)
    #expect(throws: EvidenceError("the evidence has 150001 characters; Stripe takes 150000")) {
      try evidence.set(.serviceDate, to: "x")
    }
    try evidence.set(.customerName, to: "")
    #expect(evidence[.customerName] == nil && evidence.length == 145_000)
  }

  @Test("A mark tells whether a call was heard, and a submission is heard for ever")
  func marks() {
    let call = EvidenceCall(evidence: EvidenceID(12), round: 3, submits: true)
    #expect(call.mark == "12/3/submit" && call.idempotencyKey == "gkm-evidence-12-3")
    #expect(call.wasHeard("12/3/submit") && call.wasHeard("12/1/submit"))
    for mark in ["12/2/stage", "1/3/submit", "112/3/submit", "", "submit"] { #expect(!call.wasHeard(mark), "\(mark)") }
    let staging = EvidenceCall(evidence: EvidenceID(12), round: 4, submits: false)
    #expect(staging.wasHeard("12/3/submit") && !staging.wasHeard("12/3/stage"))
  }
}
