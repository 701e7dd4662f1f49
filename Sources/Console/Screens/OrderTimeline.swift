package import Market
package import Store
import Terminal

/// An order's story as lines in causal order: what the audit log recorded, with Stripe's events and each try to deliver
/// at the places where they happened.
package enum OrderTimeline {
  package static func header(_ story: OrderStory, clock: ClockFormat) -> [StoryFact] {
    let order = story.order
    let state = StateStyle.cell(order.state)
    let speed = order.paidAt.flatMap { paid in order.deliveredAt.map { ($0 - paid).milliseconds } }
    return [
      StoryFact("State", state.text + (order.holdReason.map { " (\($0))" } ?? "") + held(order, clock), state.style),
      StoryFact("Customer", order.customer),
      StoryFact("Total", order.total.description),
      StoryFact("Items", story.lines.map { "\($0.quantity)× \($0.title) (\($0.vendor))" }.joined(separator: ", ")),
      StoryFact("Created", clock.precise(order.createdAt)),
      StoryFact(
        "Delivered",
        order.deliveredAt.map(clock.precise).map { $0 + (speed.map { ", \($0) ms after payment" } ?? "") } ?? "–"),
      StoryFact("Session", order.checkoutSession ?? "–", .textDim),
      StoryFact("Payment", order.paymentIntent ?? "–", .textDim),
    ]
  }

  package static func lines(_ story: OrderStory, clock: ClockFormat) -> [StoryLine] {
    var told: [(at: Instant, rank: Int, line: StoryLine)] = []
    for event in story.events { told.append((event.receivedAt, 0, line(event, clock))) }
    for row in story.audit { told.append((row.at, 1, line(row, clock, story.order.total.currency))) }
    for attempt in story.deliveryAttempts where attempt.outcome == .prepared {
      told.append((attempt.startedAt, 2, line(attempt, clock)))
    }
    for (place, reveal) in story.reveals.enumerated() { told.append((reveal.at, 3, line(place, reveal, clock))) }
    return told.enumerated()
      .sorted { ($0.element.at, $0.element.rank, $0.offset) < ($1.element.at, $1.element.rank, $1.offset) }
      .map(\.element.line)
  }

  /// What a vendor is shown of their part of an order.
  package static func vendorLines(_ rows: [AuditRow], currency: Currency?, clock: ClockFormat) -> [StoryLine] {
    rows.map { line($0, clock, currency) }
  }

  /// Who of the staff holds it, since when and why.
  private static func held(_ order: OrderRow, _ clock: ClockFormat) -> String {
    guard let by = order.heldBy, let since = order.heldAt, let reason = order.heldFor else { return "" }
    return ", by \(by) since \(clock.short(since)): \(reason)"
  }

  private static func line(_ row: AuditRow, _ clock: ClockFormat, _ currency: Currency?) -> StoryLine {
    let body = row.body.map { $0.split(separator: "\n", omittingEmptySubsequences: true).map(String.init) } ?? []
    let style = AuditScreen.style(row.action)
    let seal = row.seal.map { [$0.text] } ?? []
    return StoryLine(
      key: "a\(row.id)", time: clock.time(row.at), symbol: symbol(style), style: style, title: row.action,
      detail: summary(row, currency),
      full: (body.isEmpty ? [row.action, row.subject] : Array(body.dropFirst())) + seal,
      copyText: row.stripeEvent ?? row.action, target: row.caseRoute)
  }

  /// What matters of an event's body in one line: its reason first, then its details, then who, then Stripe's event.
  private static func summary(_ row: AuditRow, _ currency: Currency?) -> String {
    var parts: [String] = []
    if let record = row.record {
      parts += [record.reason.map { "“\($0)”" }].compactMap(\.self)
      parts += RecordSummary.parts(record.details, currency: currency)
    }
    if let event = row.stripeEvent { parts.append(event) }
    if row.seal == .waiting { parts.append("not sealed yet") }
    if let actor = row.actor, !actor.hasPrefix("gkm_") { parts.append("by \(actor)") }
    return parts.joined(separator: " · ")
  }

  private static func line(_ event: OrderStory.Event, _ clock: ClockFormat) -> StoryLine {
    let isOdd = event.state == .quarantined || event.state == .parked
    return StoryLine(
      key: "e\(event.id)", time: clock.time(event.receivedAt), symbol: "◆", style: isOdd ? .stateWarn : .key,
      title: "stripe.\(event.type)",
      detail: [
        event.id, event.arrival == .listed ? "found by reconciliation" : nil,
        event.state == .done ? nil : event.state.rawValue, event.problem,
      ].compactMap(\.self).joined(separator: " · "),
      full: [
        "event \(event.id)", "type \(event.type)", "state \(event.state.rawValue)",
        "created \(event.created.map(clock.precise) ?? "–")", "received \(clock.precise(event.receivedAt))",
        event.arrival == .listed ? "missed, and found by reconciliation" : "sent by Stripe, and signed",
      ] + (event.problem.map { ["problem \($0)"] } ?? []), copyText: event.id)
  }

  private static func line(_ attempt: OrderStory.Attempt, _ clock: ClockFormat) -> StoryLine {
    StoryLine(
      key: "t\(attempt.delivery)/\(attempt.number)", time: clock.time(attempt.startedAt), symbol: "◑",
      style: .stateWaiting, title: "delivery.on_the_wire", detail: "delivery \(attempt.delivery), try \(attempt.number)"
    )
  }

  /// Who looked, and from where: what is evidence stands in one line.
  private static func line(_ place: Int, _ reveal: OrderStory.Reveal, _ clock: ClockFormat) -> StoryLine {
    let parts = [
      reveal.by.map { "to \($0)" }, reveal.address.map { "from \($0)" }, "on the \(reveal.channel)", reveal.agent,
    ].compactMap(\.self)
    return StoryLine(
      key: "r\(place)", time: clock.time(reveal.at), symbol: "◉", style: .stateWarn, title: "key.shown",
      detail: parts.joined(separator: " · "), full: ["at \(clock.precise(reveal.at))"] + parts,
      copyText: reveal.address ?? "")
  }

  private static func symbol(_ style: StyleID) -> String {
    switch style {
    case .stateFailed: "✗"
    case .stateWarn: "!"
    case .stateOk: "●"
    default: "·"
    }
  }
}

extension Duration {
  /// Whole milliseconds.
  var milliseconds: Int64 { wholeMicroseconds / 1_000 }
}
