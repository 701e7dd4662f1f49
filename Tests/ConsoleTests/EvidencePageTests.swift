import Market
import TestSupport
import Testing

@testable import Console
@testable import Store

@Suite("The readable page of an order's evidence") struct EvidencePageTests {
  @Test("It fetches nothing, runs nothing, says everything, and hostile text stays text")
  func page() throws {
    let signer = try #require(SealedMarket.signer())
    let at = Instant(unixSeconds: 1_714_564_800)
    let records = try (0..<3).map { number in
      try AuditRecord(
        at: at + .seconds(number), actor: "ops_<b>anna", role: .ops, action: .orderNoted,
        subject: .order(OrderID(7)), order: "GK-<i>1", stripeEvent: "evt_\"'><script>",
        reason: "<script>alert('x')</script> & \u{202E}drow\u{1B}[2J \(number)",
        nonce: [UInt8](repeating: 1, count: 16),
        details: ["state": "<img src=x onerror=alert(1)>", "second": "javascript:alert(\(number))"])
    }
    let head = try SignedHead(
      Checkpoint(origin: SealedMarket.origin, size: 3, root: .empty, at: at), signedBy: signer)
    let evidence = OrderEvidence(
      order: "GK-<i>1", head: head, key: signer.verifier,
      events: records.enumerated().map { OrderEvidence.Event(id: Int64($0), leaf: $0, body: $1.bytes, path: []) },
      unsealed: 2)
    let page = EvidencePage.html(evidence)
    for forbidden in [
      "<script", "<img", "<i>", "<b>anna", "\u{202E}", "\u{1B}", "href", "src=\"", "url(", "@import", "<link",
    ] {
      #expect(!page.contains(forbidden), "\(forbidden)")
    }
    #expect(page.contains("default-src 'none'"))
    for wanted in [
      "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; ", "&lt;img src=x onerror=alert(1)&gt;",
      "order.noted", "order 7", "ops_&lt;b&gt;anna (ops)", "0003.txt, 2", "2 further events", "2024-05-01T12:00:02",
      head.root.description, "javascript:alert(2)", "evt_&quot;&#39;&gt;&lt;script&gt;",
    ] {
      #expect(page.contains(wanted), "\(wanted)")
    }
  }
}
