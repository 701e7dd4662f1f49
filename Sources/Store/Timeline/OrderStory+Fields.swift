import Market

extension OrderStory {
  /// The whole story for `gkm show --json`: the order's own members first, then its parts.
  package var fields: [ListField] {
    order.fields + [
      ListField("lines", .objects(lines.map(Self.fields))),
      ListField("reservations", .objects(reservations.map(Self.fields))),
      ListField("events", .objects(events.map(Self.fields))),
      ListField("payment_attempts", .objects(attempts.map(\.fields))),
      ListField("keys", .objects(keys.map(Self.fields))),
      ListField("deliveries", .objects(deliveries.map(\.fields))),
      ListField("delivery_attempts", .objects(deliveryAttempts.map(Self.fields))),
      ListField("reveals", .objects(reveals.map(Self.fields))),
      ListField("refund_requests", .objects(refundRequests.map(\.fields))),
      ListField("refunds", .objects(refunds.map(Self.fields))),
      ListField("disputes", .objects(disputes.map(Self.fields))),
      ListField("audit", .objects(audit.map(\.fields))),
    ]
  }

  private static func fields(_ line: Line) -> [ListField] {
    [
      ListField("title", .text(line.title)), ListField("vendor", .text(line.vendor)),
      ListField("quantity", .integer(line.quantity)), ListField("unit_price", .integer(line.unitPrice.amount)),
      ListField("currency", .text(line.unitPrice.currency.code)),
      ListField("commission_bps", .integer(line.commissionBasisPoints)),
      ListField("commission", .integer(line.commission.amount)),
    ]
  }

  private static func fields(_ hold: Hold) -> [ListField] {
    [
      ListField("listing", .integer(hold.listing.rawValue)), ListField("quantity", .integer(hold.quantity)),
      ListField("state", .text(hold.state)), ListField("stock_version", .integer(hold.stockVersion)),
      ListField("expires_at", .time(hold.expiresAt)),
    ]
  }

  private static func fields(_ event: Event) -> [ListField] {
    [
      ListField("id", .text(event.id)), ListField("type", .text(event.type)),
      ListField("state", .text(event.state.rawValue)), ListField("problem", .optional(event.problem)),
      ListField("created", .optional(event.created)), ListField("received_at", .time(event.receivedAt)),
      ListField("arrival", .text(event.arrival.rawValue)),
    ]
  }

  private static func fields(_ key: Key) -> [ListField] {
    [
      ListField("order_unit", .integer(key.orderUnit.rawValue)),
      ListField("stock_unit", .integer(key.stockUnit.rawValue)), ListField("active", .flag(key.isActive)),
      ListField("assigned_at", .time(key.assignedAt)), ListField("ended_at", .optional(key.endedAt)),
    ]
  }

  private static func fields(_ attempt: Attempt) -> [ListField] {
    [
      ListField("delivery", .integer(attempt.delivery.rawValue)), ListField("number", .integer(attempt.number)),
      ListField("outcome", .text(attempt.outcome.rawValue)), ListField("started_at", .time(attempt.startedAt)),
      ListField("ended_at", .optional(attempt.endedAt)), ListField("reply", .optional(attempt.reply)),
      ListField("template", .optional(attempt.template)),
    ]
  }

  private static func fields(_ reveal: Reveal) -> [ListField] {
    [
      ListField("channel", .text(reveal.channel)), ListField("address", .optional(reveal.address)),
      ListField("agent", .optional(reveal.agent)), ListField("by", .optional(reveal.by)),
      ListField("at", .time(reveal.at)),
    ]
  }

  private static func fields(_ refund: Refund) -> [ListField] {
    [
      ListField("id", .text(refund.id)), ListField("amount", .integer(refund.amount.amount)),
      ListField("currency", .text(refund.amount.currency.code)), ListField("status", .text(refund.status)),
      ListField("reason", .optional(refund.reason)), ListField("failure_reason", .optional(refund.failureReason)),
      ListField("request", .optional(refund.request?.rawValue)), ListField("created_at", .time(refund.createdAt)),
    ]
  }

  private static func fields(_ dispute: Dispute) -> [ListField] {
    [
      ListField("id", .text(dispute.id)), ListField("amount", .integer(dispute.amount.amount)),
      ListField("currency", .text(dispute.amount.currency.code)), ListField("status", .text(dispute.status)),
      ListField("reason", .optional(dispute.reason)), ListField("due_by", .optional(dispute.dueBy)),
      ListField("created_at", .time(dispute.createdAt)),
    ]
  }
}
