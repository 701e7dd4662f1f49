extension Evidence {
  /// What the record says for us, field by field. Nothing in it is guessed: what is not on record is left out, and
  /// files, policies and the customer's own words are for a person to add.
  package init(from source: EvidenceSource) {
    self.init()
    fill(.customerName, with: source.customerName)
    fill(.customerEmailAddress, with: source.customerEmail)
    fill(.productDescription, with: Self.products(source))
    fill(.serviceDate, with: source.firstDelivery.map { String($0.rfc3339.prefix(10)) })
    fill(.accessActivityLog, with: Self.activity(source))
    fill(.uncategorizedText, with: Self.summary(source))
    if source.reason == "credit_not_processed", !source.refunds.isEmpty {
      fill(.refundRefusalExplanation, with: Self.refunds(source).joined(separator: "\n"))
    }
  }

  private static func products(_ source: EvidenceSource) -> String {
    let items = source.items.map {
      "\($0.quantity) × \($0.title), activation key for \($0.platform), \($0.unitPrice) each"
    }
    return
      (items + [
        "Digital goods: each key is sent by e-mail at once after payment, with a link to the order's page, where it is"
          + " shown after a click. Nothing is shipped."
      ]).joined(separator: "\n")
  }

  /// Deliveries and looks at keys, oldest first.
  private static func activity(_ source: EvidenceSource) -> String {
    var entries: [(at: Instant, line: String)] = source.deliveries.compactMap { delivery in
      delivery.confirmedAt.map { at in
        let reply = delivery.reply.map { ": \($0)" } ?? ""
        return (
          at,
          "mail with the key to \(source.customerEmail) accepted by the recipient's mail server\(reply);"
            + " Message-ID \(delivery.messageID)"
        )
      }
    }
    entries += source.reveals.map { reveal in
      var line = "key shown to the customer on the order's page, after a click"
      if let address = reveal.address { line += ", from \(address)" }
      if let agent = reveal.agent { line += ", with \(agent)" }
      return (reveal.at, line)
    }
    return entries.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
      .map { "\($0.element.at.rfc3339)  \($0.element.line)" }.joined(separator: "\n")
  }

  private static func refunds(_ source: EvidenceSource) -> [String] {
    source.refunds.map { "Refund \($0.id) of \($0.amount) on \($0.at.rfc3339): \($0.status)." }
  }

  private static func summary(_ source: EvidenceSource) -> String {
    let items = source.items.map { "\($0.quantity) × \($0.title)" }.joined(separator: ", ")
    var lines = [
      "Order \(source.order): \(items), \(source.total), placed on \(source.placedAt.rfc3339) for"
        + " \(source.customerEmail)."
    ]
    if let paidAt = source.paidAt {
      var line = "Paid on \(paidAt.rfc3339)"
      if let card = source.card { line += " with \(card)" }
      if let charge = source.charge { line += ", charge \(charge)" }
      if source.failedAttempts > 0 { line += ", after \(counted(source.failedAttempts, "failed attempt"))" }
      lines.append(line + ".")
    }
    let delivered = source.deliveries.compactMap(\.confirmedAt)
    if delivered.isEmpty {
      lines.append("None of its \(counted(Int(source.unitsTotal), "key")) was delivered.")
    } else {
      let speed = source.paidAt.flatMap { paid in delivered.max().map { max(0, ($0 - paid).components.seconds) } }
      lines.append(
        "\(delivered.count) of \(counted(Int(source.unitsTotal), "key")) delivered by e-mail"
          + (speed.map { ", the last \(counted(Int($0), "second")) after payment" } ?? "") + ".")
    }
    let looks = source.reveals.map(\.at)
    if let first = looks.min(), let last = looks.max() {
      let addresses = Set(source.reveals.compactMap(\.address)).sorted()
      lines.append(
        "The customer opened the order's page and had keys shown \(counted(looks.count, "time")), first on"
          + " \(first.rfc3339), last on \(last.rfc3339)"
          + (addresses.isEmpty ? "" : ", from \(addresses.joined(separator: ", "))") + ".")
    }
    lines += source.refunds.isEmpty ? ["Nothing was refunded."] : refunds(source)
    return lines.joined(separator: "\n")
  }

  private static func counted(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }
}

extension EvidenceSource {
  fileprivate var firstDelivery: Instant? { deliveries.compactMap(\.confirmedAt).min() }
}
