import Market
package import Store
import Terminal

/// An order's story as text, for `gkm show`: what it is, then everything that happened to it, oldest first.
package enum StoryText {
  package static func lines(_ story: OrderStory) -> [String] {
    var lines = head(story.order)
    lines += fact("items", items(story.lines))
    for request in story.refundRequests {
      let by = request.requestedBy.map { " by \($0)" } ?? ""
      let approvals = request.approvalsNeeded > 0 ? ", \(request.approvals)/\(request.approvalsNeeded) agreed" : ""
      lines += fact(
        "asked",
        "\(request.amount) \(request.state.rawValue), request \(request.id)\(by)\(approvals)"
          + suffix(request.problem ?? request.reason))
    }
    for refund in story.refunds {
      lines += fact(
        "refund", "\(refund.amount) \(refund.status) \(refund.id)" + suffix(refund.failureReason ?? refund.reason))
    }
    for dispute in story.disputes {
      let due = dispute.dueBy.map { ", evidence due \($0.tableText)" } ?? ""
      lines += fact("dispute", "\(dispute.amount) \(dispute.status) \(dispute.id)\(due)" + suffix(dispute.reason))
    }
    return lines + [""] + timeline(story)
  }

  /// What a vendor is shown: their own part.
  package static func lines(_ order: OrderRow, vendorTimeline rows: [AuditRow]) -> [String] {
    head(order) + fact("items", order.title) + [""] + rows.map { line($0.at, entry($0, order.total.currency)) }
  }

  private static func head(_ order: OrderRow) -> [String] {
    var lines = ["\(order.number)  \(order.state.rawValue)  \(order.total)"]
    let holder = order.heldBy.map { "by \($0)" + suffix(order.heldFor) }
    lines += fact("held", holder ?? order.holdReason)
    lines += fact("customer", order.customer)
    if !order.vendors.isEmpty { lines += fact("vendors", order.vendors.joined(separator: ", ")) }
    lines += fact("created", order.createdAt.rfc3339)
    lines += fact("paid", order.paidAt?.rfc3339)
    let speed = order.paidAt.flatMap { paid in order.deliveredAt.map { ($0 - paid).wholeMicroseconds / 1_000 } }
    lines += fact("delivered", order.deliveredAt.map { $0.rfc3339 + (speed.map { ", \($0) ms after payment" } ?? "") })
    lines += fact("session", order.checkoutSession)
    lines += fact("payment", order.paymentIntent)
    return lines
  }

  private static func fact(_ name: String, _ value: String?) -> [String] {
    guard let value, !value.isEmpty else { return [] }
    return ["  \(TextWidth.pad(name, to: 10))\(Sanitizer.clean(value))"]
  }

  private static func suffix(_ reason: String?) -> String { reason.map { " (\($0))" } ?? "" }

  private static func items(_ lines: [OrderStory.Line]) -> String {
    lines.map { line in
      let percent = padded(line.commissionBasisPoints / 100, 1) + "." + padded(line.commissionBasisPoints % 100, 2)
      return "\(line.quantity) × \(line.title) (\(line.vendor)) at \(line.unitPrice), commission \(percent) %"
    }.joined(separator: "; ")
  }

  /// What was recorded, with Stripe's events and each try to deliver at the places where they happened. At one moment an
  /// event comes before what it caused.
  private static func timeline(_ story: OrderStory) -> [String] {
    var entries: [(at: Instant, rank: Int, text: String)] = []
    entries += story.events.map { ($0.receivedAt, 0, entry($0)) }
    entries += story.audit.map { ($0.at, 1, entry($0, story.order.total.currency)) }
    entries += story.deliveryAttempts.map { ($0.startedAt, 2, entry($0)) }
    entries += story.reveals.map { ($0.at, 3, entry($0)) }
    return entries.enumerated().sorted { left, right in
      (left.element.at, left.element.rank, left.offset) < (right.element.at, right.element.rank, right.offset)
    }.map { line($0.element.at, $0.element.text) }
  }

  private static func line(_ at: Instant, _ text: String) -> String {
    "\(at.rfc3339Microseconds)  \(Sanitizer.clean(text))"
  }

  private static func entry(_ event: OrderStory.Event) -> String {
    var text = "stripe \(event.type) \(event.id)"
    if event.arrival == .listed { text += ", missed and found by reconciliation" }
    if event.state != .done { text += ", \(event.state.rawValue)" }
    if let problem = event.problem { text += ": \(problem)" }
    return text
  }

  private static func entry(_ row: AuditRow, _ currency: Currency) -> String {
    var text = "\(row.action) \(row.subject)"
    if let event = row.stripeEvent { text += " by \(event)" }
    guard let record = row.record else { return text + seal(row) }
    for part in RecordSummary.parts(record.details, currency: currency) { text += ", \(part)" }
    if record.role != .daemon { text += ", by \(record.actor)" }
    if let reason = record.reason { text += ": \(reason)" }
    return text + seal(row)
  }

  private static func seal(_ row: AuditRow) -> String { row.seal.map { " [\($0.text)]" } ?? "" }

  private static func entry(_ attempt: OrderStory.Attempt) -> String {
    var text = "try \(attempt.number) of delivery \(attempt.delivery): \(attempt.outcome.rawValue)"
    if let end = attempt.endedAt { text += " after \((end - attempt.startedAt).wholeMicroseconds / 1_000) ms" }
    if let reply = attempt.reply { text += ", \(reply)" }
    if let template = attempt.template { text += ", template \(template.prefix(12))" }
    return text
  }

  private static func entry(_ reveal: OrderStory.Reveal) -> String {
    var text = "key shown on the \(reveal.channel)"
    if let by = reveal.by { text += " to \(by)" }
    if let address = reveal.address { text += " at \(address)" }
    if let agent = reveal.agent { text += ", \(agent)" }
    return text
  }
}
