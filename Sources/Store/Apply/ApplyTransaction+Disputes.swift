import Market
import Postgres

extension ApplyTransaction {
  /// Keeps the market's case about an order's disputes: opened when one asks for an answer, settled when none does.
  func noteDisputeCase(_ session: borrowing Session, _ work: OrderWork) throws {
    let order = work.snapshot
    var hasChanged = false
    for (id, dispute) in work.facts.disputes.sorted(by: { $0.key < $1.key }) {
      let before = order.facts?.disputes[id]?.standing
      guard before != dispute.standing else { continue }
      hasChanged = true
      guard let word = Self.word(for: dispute.standing) else { continue }
      let amount = Money(dispute.amount, order.total.currency)
      let reason = dispute.reason.map { " (\($0))" } ?? ""
      let isBack = before.map { Self.word(for: $0) == nil } ?? false
      let due = dispute.dueBy.map { ": evidence is due by \($0.rfc3339)" } ?? ""
      try CaseDesk.open(
        session, .dispute, order.id,
        text: SafeText.cleaned("\(word) \(id) over \(amount)\(reason) is open\(isBack ? " again" : "")\(due)."))
      try NoticeQueue.dispute(session, order.id, id, dispute)
    }
    let standings = work.facts.disputes.values.map(\.standing)
    guard hasChanged, standings.allSatisfy({ Self.word(for: $0) == nil }) else { return }
    try CaseDesk.settle(
      session, .dispute, order.id, text: "Over: \(Set(standings).map(\.rawValue).sorted().joined(separator: ", ")).")
  }

  private static func word(for standing: DisputeStanding) -> String? {
    switch standing {
    case .open: "Dispute"
    case .inquiry: "Inquiry"
    case .won, .lost, .closed: nil
    }
  }
}
