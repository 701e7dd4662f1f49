package import Market
package import Store
import Terminal

/// A vendor as a story: how it stands, where all that is theirs is found, and what is taken of their sales.
package enum VendorPage {
  package static func reading(
    _ vendor: VendorRow, _ rules: [CommissionRow], role: Role, clock: ClockFormat
  ) -> StoryReading {
    StoryReading(
      header: header(vendor, clock), lines: places(vendor, role) + rules.map { line($0, clock) },
      row: VendorsScreen.display(ListPage(.vendors, [vendor]), role: role, clock: clock).first)
  }

  private static func header(_ vendor: VendorRow, _ clock: ClockFormat) -> [StoryFact] {
    let state = VendorsScreen.state(vendor)
    let whose = vendor.ownRule == nil ? "as of everybody" : "by a rule of its own"
    return [
      StoryFact("Vendor", "\(vendor.handle), \(vendor.name)"), StoryFact("State", state.text, state.style),
      StoryFact("Takes", vendor.rule.map { "\($0.termsText), \(whose)" } ?? "nothing"),
      StoryFact("Balance", VendorsScreen.balances(vendor)),
      StoryFact("Contact", "\(vendor.email), \(vendor.locale)"),
      StoryFact("Since", clock.short(vendor.createdAt), .textDim),
    ]
  }

  private static func places(_ vendor: VendorRow, _ role: Role) -> [StoryLine] {
    let of = "vendor:\(vendor.handle)"
    let all: [(place: ListKind, filter: String, style: StyleID, title: String, detail: String)] = [
      (.stock, of, .text, "\(vendor.listings) on sale", "\(vendor.available) keys to sell"),
      (
        .stock, "\(of) state:low", vendor.low > 0 ? .stateWarn : .stateOk, "\(vendor.low) running low",
        vendor.low > 0 ? "at their mark or below it" : "nothing to fetch"
      ),
      (.orders, of, .text, "all orders", "newest first"),
      (.orders, "\(of) state:stuck", .text, "stuck orders", "those that wait for a person, or too long"),
      (.deliveries, "\(of) state:failed", .text, "failed deliveries", ""),
      (.imports, of, .text, "imports of keys", ""), (.cases, of, .text, "cases", ""),
      (.balances, of, .text, "balances", "with what is on hold"), (.ledger, of, .text, "postings", ""),
      (.commission, of, .text, "rules of commission", "those that ended too"), (.audit, of, .text, "audit", ""),
      (.notices, of, .text, "notices", "what it was told"),
    ]
    return all.filter { $0.place.isOpen(to: role) }.enumerated().map { index, line in
      StoryLine(
        key: "p\(index)", time: line.place.rawValue, symbol: line.style == .stateWarn ? "▾" : "→", style: line.style,
        title: line.title, detail: line.detail, copyText: vendor.handle,
        target: .place(.list(line.place), filter: line.filter))
    }
  }

  /// A rule that holds or will.
  private static func line(_ row: CommissionRow, _ clock: ClockFormat) -> StoryLine {
    let from = row.rule.from.map { "from \(clock.short($0))" }
    let until = row.rule.until.map { "until \(clock.short($0))" }
    let span = [from, until].compactMap(\.self).joined(separator: " ")
    let state = StateStyle.cell(row.state)
    return StoryLine(
      key: "r\(row.rowID)", time: "rule \(row.rowID)", symbol: String(state.text.prefix(1)), style: state.style,
      title: row.rule.termsText, detail: "\(row.scopeText) · \(span)", copyText: String(row.rowID),
      target: .place(.list(.commission), filter: row.vendor.map { "vendor:\($0)" } ?? ""))
  }
}
