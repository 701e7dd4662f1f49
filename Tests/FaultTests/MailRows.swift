import Market
import TestSupport
import Testing

/// Rows: the mail server is down, hangs at each verb, dies after the content, or is hard to reach.
@Suite("When the mail server fails", .serialized) struct MailRowsLongTests {
  /// Orders are paid while `trouble` lasts; once it is over all of them arrive.
  private func during(
    orders count: Int, _ trouble: @Sendable @escaping (Rig) async throws -> Void,
    then look: @Sendable @escaping (Rig) async throws -> Void = { _ in }
  ) async throws {
    try await Rig.open(keys: count * 2) { rig in
      let orders = try await rig.orders(count)
      let daemon = try await rig.start()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await trouble(rig) }
        group.addTask {
          try await Task.sleep(for: .milliseconds(300))
          try await rig.stripe.tell(orders, at: [daemon.webhook], perSecond: 20)
        }
        try await group.waitForAll()
      }
      try await rig.delivered(orders, within: .seconds(120))
      #expect(try await daemon.process.end() == .exited(0), "\(daemon.process.tail())")
      try await look(rig)
      try await rig.account(orders)
    }
  }

  @Test("It is down, and then back")
  func down() async throws {
    try await during(orders: 40) { rig in
      try await rig.mail.stop()
      try await Task.sleep(for: .seconds(5))
      #expect(try await rig.number("SELECT count(*) FROM gkm.delivery WHERE state = 'retrying'") > 0)
      try await rig.mail.start()
    }
  }

  @Test("It hangs at each verb", arguments: ["EHLO", "MAIL FROM", "RCPT TO", "DATA\r\n", "\r\n.\r\n", "220 "])
  func hanging(at word: String) async throws {
    try await during(orders: 30) { rig in
      rig.toMail.set(.stall(word, word == "220 " ? .toClient : .toServer))
      try await Task.sleep(for: .seconds(5))
      rig.toMail.set(.none)
      #expect(rig.toMail.hits > 0)
    }
  }

  @Test("It dies after the content, before it says so: the same key under the same Message-ID")
  func dyingAfterContent() async throws {
    try await during(orders: 30) { rig in
      rig.toMail.set(.cutAfter("\r\n.\r\n"), times: 6)
    } then: { rig in
      // Receipts go out beside the keys: either may be hit.
      let doubts = try await rig.number(
        """
        SELECT (SELECT count(*) FROM gkm.delivery_attempt WHERE outcome = 'unknown')
          + (SELECT count(*) FROM gkm.notice_attempt WHERE outcome = 'unknown')
        """)
      let sent = try await rig.number(
        """
        SELECT (SELECT count(*) FROM gkm.delivery WHERE state = 'confirmed')
          + (SELECT count(*) FROM gkm.notice WHERE state = 'sent')
        """)
      let mails = try rig.mail.messages().count
      #expect(rig.toMail.hits == 6)
      #expect(doubts >= 6)
      #expect(mails > sent)
    }
  }

  @Test(
    "Its packets are lost, sliced to single bytes, late, or its side is gone without a word",
    arguments: [
      FaultProxy.Fault.blackHole, .slice, .delay(.milliseconds(300), .toClient), .halfOpen,
    ])
  func network(_ fault: FaultProxy.Fault) async throws {
    try await during(orders: 30) { rig in
      try await Task.sleep(for: .seconds(1))
      rig.toMail.set(fault)
      try await Task.sleep(for: .seconds(4))
      rig.toMail.set(.none)
    }
  }

  @Test("It is frozen under load, and thawed")
  func frozen() async throws {
    try await during(orders: 30) { rig in
      try await Task.sleep(for: .seconds(1))
      try rig.mail.freeze()
      try await Task.sleep(for: .seconds(4))
      try rig.mail.thaw()
    }
  }
}
