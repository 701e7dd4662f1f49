import Foundation
import Market
import Outbound
import Postgres
import Store
import TestSupport
import Testing

@testable import Daemon

/// A dispute's evidence on its way to Stripe's stand-in: once, whatever goes wrong.
@Suite("Evidence on its way to Stripe") struct EvidenceSubmissionTests {
  /// A paid, delivered and disputed order, with a draft of what is on record.
  private struct Quarrel {
    let hand: StripeHand
    let dispute: String
    let ops: PostgresConnection

    func dossier() async throws -> DisputeDossier {
      try await ops.read { try EvidenceActions.current($0, dispute: dispute) }
    }

    @discardableResult
    func submit(staging: Bool = false) async throws -> EvidenceRow {
      let draft = try #require(try await dossier().open)
      _ = try await ops.write {
        try EvidenceActions.submit(
          $0, evidence: draft.id, version: draft.version, submits: !staging, reason: "the customer has the key")
      }
      return draft
    }

    func settled() async throws -> EvidenceRow {
      try await hand.shop.eventually { try await dossier().evidence.last?.state.isOnItsWay == false }
      return try #require(try await dossier().evidence.last)
    }

    /// The dispute as Stripe has it.
    func atStripe() async throws -> [String: Any] { try await hand.shop.callStripe("/v1/disputes/\(dispute)") }

    func submissions() async throws -> Int? {
      (try await atStripe()["evidence_details"] as? [String: Any])?["submission_count"] as? Int
    }
  }

  private func quarrel(
    settings: String = "", _ body: @Sendable @escaping (Quarrel) async throws -> Void
  ) async throws {
    let mail = try await PrivateMail.start()
    try await Shop.open(parts: [.intake, .checkout, .workers], settings: settings, mail: mail.url) { shop in
      let hand = try await StripeHand.checkOut(shop, try await shop.listing(keys: 2))
      try await hand.pay()
      for event in try await hand.events() { #expect(try await shop.deliver(event).status == 200) }
      try await shop.eventually { try await hand.ending().hasPrefix("delivered") }
      let dispute = try await hand.dispute(reason: "product_not_received")
      for event in try await hand.events() { #expect(try await shop.deliver(event).status == 200) }
      try await shop.eventually { try await hand.ending().hasPrefix("disputed") }
      let ops = try await PostgresConnection.connect(try await shop.market.person(.ops))
      _ = try await ops.write { try EvidenceActions.prepare($0, dispute: dispute) }
      try await body(Quarrel(hand: hand, dispute: dispute, ops: ops))
      try await shop.eventually { try await shop.count("job") == 0 }
      try await EventHistoryRun.verify(shop)
      await ops.close()
    }
    try await mail.stop()
  }

  @Test("It is staged, seen at Stripe, submitted, and the bank's word gives the order back")
  func wholeWay() async throws {
    try await quarrel { quarrel in
      try await quarrel.submit(staging: true)
      let staged = try await quarrel.settled()
      #expect(staged.state == .draft && staged.stagedAt != nil && staged.answer == "needs_response")
      let kept = try #require(try await quarrel.atStripe()["evidence"] as? [String: Any])
      #expect(
        (kept["access_activity_log"] as? String)?.contains("accepted by the recipient's mail server: 250") == true)
      #expect(kept["customer_email_address"] as? String == "buyer@example.com")
      #expect(try await quarrel.submissions() == 0)

      try await quarrel.submit()
      let submitted = try await quarrel.settled()
      #expect(submitted.state == .submitted && submitted.answer == "under_review")
      #expect(try await quarrel.submissions() == 1)
      #expect(try await quarrel.dossier().dispute.status == "under_review")
      // What Stripe sends of it changes nothing more.
      let shop = quarrel.hand.shop
      for event in try await quarrel.hand.events() { #expect(try await shop.deliver(event).status == 200) }
      await #expect(throws: ActionRefused(.impossible, "this evidence was submitted, which can be done once")) {
        _ = try await quarrel.ops.write {
          try EvidenceActions.submit(
            $0, evidence: submitted.id, version: submitted.version, submits: true, reason: "once more")
        }
      }
      try await quarrel.hand.move(dispute: quarrel.dispute, to: "won")
      for event in try await quarrel.hand.events() { #expect(try await shop.deliver(event).status == 200) }
      try await shop.eventually { try await quarrel.hand.ending().contains("delivered 1999-0 succeeded won:won") }
      let actions = try await shop.sql(
        "SELECT action FROM gkm.audit_event WHERE action LIKE 'dispute.evidence%' AND order_id IS NOT NULL ORDER BY id")
      #expect(
        actions.split(separator: "\n").map { $0.dropFirst("dispute.evidence.".count) }
          == ["prepared", "requested", "staged", "requested", "submitted"])
    }
  }

  @Test("An answer that is lost is not asked for twice", arguments: ["commit_then_timeout", "500", "429"])
  func lostAnswers(kind: String) async throws {
    // A call is given up after a second, and Stripe holds the answer back for longer.
    try await quarrel(settings: "stripe.deadline = \"1s\"") { quarrel in
      let shop = quarrel.hand.shop
      try await shop.callStripe("/_sim/knobs", ["api_hold_ms": "3000"])
      try await shop.callStripe("/_sim/faults", ["method": "POST", "path": "/v1/disputes", "kind": kind, "times": "2"])
      try await quarrel.submit()
      let row = try await quarrel.settled()
      #expect(row.state == .submitted && row.answer == "under_review", "\(row.problem ?? "")")
      #expect(try await quarrel.submissions() == 1)
      #expect(try await shop.count("audit_event", where: "action = 'dispute.evidence.submitted'") == 1)
    }
  }

  @Test("What Stripe refuses is told with its reason, and can be mended")
  func refusals() async throws {
    try await quarrel { quarrel in
      // Answered in the dashboard meanwhile, and we have not heard.
      let shop = quarrel.hand.shop
      try await shop.callStripe(
        "/v1/disputes/\(quarrel.dispute)", ["evidence[uncategorized_text]": "from the dashboard"])
      try await quarrel.submit()
      let row = try await quarrel.settled()
      #expect(row.state == .failed)
      #expect(row.problem == "the dispute is under_review at Stripe, and takes no evidence")
      #expect(try await quarrel.dossier().dispute.status == "under_review")
      #expect(try await quarrel.submissions() == 1)
      // The bank asks again, and what was refused is sent.
      try await quarrel.hand.move(dispute: quarrel.dispute, to: "needs_response")
      for event in try await quarrel.hand.events() { #expect(try await shop.deliver(event).status == 200) }
      try await shop.eventually { try await quarrel.dossier().dispute.needsResponse }
      try await quarrel.submit()
      #expect(try await quarrel.settled().state == .submitted)
      #expect(try await quarrel.submissions() == 2)
    }
  }
}

/// `gkmd serve --only workers`, killed between its call to Stripe and what it writes of the answer.
@Suite struct KilledSubmissionLongTests {
  @Test func evidenceIsSubmittedOnce() async throws {
    let mail = try await PrivateMail.start()
    let redis = try await PrivateRedis.shared()
    try await Shop.open(parts: [.intake, .checkout], mail: mail.url) { shop in
      let hand = try await StripeHand.checkOut(shop, try await shop.listing(keys: 2))
      try await hand.pay()
      let dispute = try await hand.dispute()
      for event in try await hand.events() { #expect(try await shop.deliver(event).status == 200) }
      func start() throws -> ChildProcess {
        try ChildProcess(
          try TestRun.program("gkmd"), ["serve", "--only", "workers"],
          environment: [
            "GKM_DATABASE_URL": shop.market.daemon.conninfo, "REDIS_URL": try redis.url(.daemon), "SMTP_URL": mail.url,
            "STRIPE_API_BASE": shop.stripeURL, "STRIPE_API_KEY": Shop.apiKey, "STRIPE_WEBHOOK_SECRET": Shop.secret,
            "GKM_MASTER_KEY": String(repeating: "07", count: 32), "GKM_LISTEN": "127.0.0.1:\(try FreePort.next())",
            "GKM_METRICS_LISTEN": "127.0.0.1:\(try FreePort.next())",
          ])
      }
      var process = try start()
      try await shop.eventually(within: .seconds(60)) {
        try await shop.count("dispute", where: "standing = 'open'") == 1
      }
      let ops = try await PostgresConnection.connect(try await shop.market.person(.ops))
      _ = try await ops.write { try EvidenceActions.prepare($0, dispute: dispute) }
      // Stripe does what it is told and keeps silent: the worker is killed while it waits for the answer.
      try await shop.callStripe("/_sim/knobs", ["api_hold_ms": "60000"])
      try await shop.callStripe(
        "/_sim/faults", ["method": "POST", "path": "/v1/disputes", "kind": "commit_then_timeout", "times": "1"])
      let draft = try #require(try await ops.read { try EvidenceActions.current($0, dispute: dispute).open })
      _ = try await ops.write {
        try EvidenceActions.submit(
          $0, evidence: draft.id, version: draft.version, submits: true, reason: "the customer has the key")
      }
      try await shop.eventually(within: .seconds(60)) {
        try await shop.callStripe("/v1/disputes/\(dispute)")["status"] as? String == "under_review"
      }
      try await process.end(SIGKILL)
      // Its lease is not waited for.
      try await shop.sql("UPDATE gkm.job SET run_at = now()")
      process = try start()
      try await shop.eventually(within: .seconds(60)) {
        try await shop.count("dispute_evidence", where: "state = 'submitted' AND answer = 'under_review'") == 1
      }
      try await process.end()
      let details = try await shop.callStripe("/v1/disputes/\(dispute)")["evidence_details"] as? [String: Any]
      #expect(details?["submission_count"] as? Int == 1)
      #expect(try await shop.count("audit_event", where: "action = 'dispute.evidence.submitted'") == 1)
      await ops.close()
    }
    try await mail.stop()
  }
}
