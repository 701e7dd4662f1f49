package import Market
package import Store
import Terminal

package enum AuditScreen: ListScreen {
  package static let title = "Audit"
  package static let emptyText = "No audit events."

  package static let textColumns: [TextTable.Column] = [
    .init("at"), .init("action"), .init("actor", least: 8, rank: 1), .init("order"),
    .init("subject_kind", rank: 3), .init("subject_id", least: 8, rank: 2),
    .init("stripe_event", least: 12, rank: 4),
  ]

  package static func columns(for role: Role?) -> [Column] {
    let actor = [Column("actor", "ACTOR", .flexible(minimum: 10, weight: 1), rank: 2)]
    let event = [Column("event", "STRIPE EVENT", .flexible(minimum: 14, weight: 1), rank: 4)]
    return [
      Column("at", "AT", .fixed(14)), Column("action", "ACTION", .flexible(minimum: 20, weight: 2)),
    ] + (role == .vendor ? [] : actor) + [
      Column("order", "ORDER", .fixed(15), rank: 1),
      Column("subject", "SUBJECT", .flexible(minimum: 14, weight: 1), rank: 3),
    ] + (role == .vendor ? [] : event)
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: AuditRow.self).map { row in
      let actor = role == .vendor ? [] : [DisplayCell(row.actor ?? "")]
      let event = role == .vendor ? [] : [DisplayCell(row.stripeEvent ?? "", .textDim)]
      let start = [DisplayCell(clock.short(row.at), .textDim), DisplayCell(row.action, style(row.action))]
      let middle = [DisplayCell(row.order ?? ""), DisplayCell(row.subject, .textDim)]
      return DisplayRow(
        id: row.id, cells: start + actor + middle + event, target: row.caseRoute ?? row.order.map(Route.order),
        copyText: row.stripeEvent ?? row.order ?? row.action,
        detail: .text(row.body.map { $0.split(separator: "\n").map(String.init) } ?? []))
    }
  }

  /// What went wrong and what went well stand out; all else is quiet.
  static func style(_ action: String) -> StyleID {
    if ["refused", "failed", "unfulfillable", "bounced"].contains(where: { action.hasSuffix($0) }) {
      return .stateFailed
    }
    if action.hasSuffix("held") || action.hasSuffix("unknown") || action.hasSuffix("deferred")
      || action.hasPrefix("dispute")
    {
      return .stateWarn
    }
    return action == "delivery.confirmed" || action == "payment.succeeded" ? .stateOk : .text
  }
}

extension AuditRow {
  /// What was done to a case leads to it.
  var caseRoute: Route? { subjectKind == "case" ? Int64(subjectID).map(Route.supportCase) : nil }
}
