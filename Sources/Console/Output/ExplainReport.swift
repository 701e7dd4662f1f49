import Market
package import Postgres
import Store
import Terminal

/// `gkm explain`: where an amount comes from, to the cent.
package enum ExplainReport {
  /// How the commission of each line of an order came about, and all that was posted of it. `key` is what leads to the
  /// order, and behind a colon one line of it.
  package static func order(_ key: String, json: Bool, on connection: PostgresConnection) async throws -> [String] {
    let (name, place) = try parts(key)
    let found = try await connection.read(isolation: .repeatableRead) { session in
      let viewer = try Viewer.current(session)
      let number = try OrderLookup.number(session, viewer: viewer, name)
      let story = try LineStory.read(session, viewer: viewer, order: number)
      return (number: number, lines: story.lines, postings: story.postings, isVendor: viewer.role == .vendor)
    }
    let lines = found.lines.filter { place == nil || $0.place == place }
    guard !lines.isEmpty else {
      throw ConsoleFailure(
        place.map { "order \(found.number) has no line \($0)" } ?? "nothing is known of “\(key)”", status: .noInput)
    }
    let postings = found.postings.filter { place == nil || $0.line == nil || $0.line == place }
    if json {
      return try lines.map { line in
        JSONText.object(try fields(line, of: found.number, postings.filter { $0.line == line.place }))
      }
    }
    var out: [String] = []
    for line in lines {
      if !out.isEmpty { out.append("") }
      out += try text(line, of: found.number, postings.filter { $0.line == line.place }, isVendor: found.isVendor)
    }
    let others = postings.filter { $0.line == nil }
    if place == nil, !others.isEmpty {
      out += ["", "\(found.number), posted for the order as a whole:"] + posted(others)
    }
    return out.map { Sanitizer.clean($0) }
  }

  /// `GK-…:2` is the order and its second line.
  private static func parts(_ key: String) throws -> (order: String, line: Int64?) {
    let parts = key.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let order = parts.first, !order.isEmpty else { return (key, nil) }
    guard let line = Int64(parts[1]), line > 0 else {
      throw ConsoleFailure("“\(parts[1])” is no line: lines are numbered from 1", status: .usage)
    }
    return (String(order), line)
  }

  private static func text(
    _ line: LineStory, of number: String, _ postings: [LedgerPostingRow], isVendor: Bool
  ) throws -> [String] {
    let rule =
      line.rule.map { id in
        line.scope.map { "rule \(id), for \($0.title)" } ?? "rule \(id), of the market"
      } ?? "no rule held"
    let amounts = line.terms.amountsText(line.unitPrice.currency)
    var lines = [
      "\(number):\(line.place)  \(line.title)  \(line.vendor)",
      "  \(rule): \(percentage(basisPoints: line.terms.basisPoints))\(amounts.isEmpty ? "" : ", " + amounts)",
    ]
    lines += StepText.lines(try line.terms.steps(unitPrice: line.unitPrice, quantity: line.quantity), indent: "    ")
    guard !postings.isEmpty else { return lines + ["  nothing is posted of it"] }
    lines.append(isVendor ? "  posted for you:" : "  posted (debits are positive):")
    lines += posted(postings)
    let sum = postings.reduce(Int64(0)) { $0 + ($1.account == .vendorPayable ? $1.amount.amount : 0) }
    let owed = Money(isVendor ? sum : -sum, line.unitPrice.currency)
    lines.append("  which leaves \(owed) for \(isVendor ? "you" : line.vendor)")
    return lines
  }

  private static func posted(_ postings: [LedgerPostingRow]) -> [String] {
    let entries = postings.reduce(0) { max($0, TextWidth.of($1.entry)) }
    let accounts = postings.reduce(0) { max($0, TextWidth.of($1.account.title)) }
    let amounts = postings.reduce(0) { max($0, TextWidth.of($1.amount.description)) }
    return postings.map {
      "    \($0.at.tableText)  \(TextWidth.pad($0.entry, to: entries))  \(TextWidth.pad($0.account.title, to: accounts))  "
        + TextWidth.pad($0.amount.description, to: amounts, .right)
    }
  }

  private static func fields(
    _ line: LineStory, of number: String, _ postings: [LedgerPostingRow]
  ) throws -> [ListField] {
    let steps = try line.terms.steps(unitPrice: line.unitPrice, quantity: line.quantity)
    return [
      ListField("order", .text(number)), ListField("line", .integer(line.place)), ListField("title", .text(line.title)),
      ListField("vendor", .text(line.vendor)), ListField("rule", .optional(line.rule?.rawValue)),
      ListField("scope", .optional(line.scope?.title)),
      ListField("basis_points", .integer(Int64(line.terms.basisPoints))),
      ListField("fixed", .integer(line.terms.fixed)), ListField("min", .optional(line.terms.minimum)),
      ListField("max", .optional(line.terms.maximum)), ListField("commission", .integer(line.commission.amount)),
      ListField("currency", .text(line.commission.currency.code)),
      ListField(
        "steps",
        .objects(steps.map { [ListField("step", .text($0.step)), ListField("amount", .integer($0.amount.amount))] })),
      ListField("postings", .objects(postings.map(\.fields))),
    ]
  }
}
