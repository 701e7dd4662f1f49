import Market
import Store
import Terminal

/// `gkm policy`: who may do what, out of the one policy that the database's grants are made from.
package enum PolicyReport {
  /// What is printed.
  package enum Part: String, CaseIterable, Sendable {
    /// Role by capability.
    case capabilities
    /// Role by table and column.
    case tables
    /// Role by function of schema `api`.
    case functions
  }

  package static func lines(_ part: Part, json: Bool) -> [String] {
    let rows =
      switch part {
      case .capabilities: Capability.allCases.map(capability)
      case .tables: Policy.tables.map(table)
      case .functions: Policy.functions.map(function)
      }
    return json ? rows.map(JSONText.object) : aligned(rows)
  }

  private static func capability(_ capability: Capability) -> [ListField] {
    [ListField("capability", .text(capability.rawValue)), ListField("may", .text(capability.title))]
      + Actor.allCases.map { ListField($0.rawValue, .text(capability.grant(to: $0).word)) }
  }

  private static func table(_ rule: TableRule) -> [ListField] {
    let readers = Role.people.filter { $0.isStaff && rule.readers?.grant(to: $0) == .yes }.map(\.rawValue)
    return [
      ListField("table", .text(rule.table)), ListField("read_by", .texts(readers)),
      ListField("never_shown", .texts(rule.hidden)), ListField("vendor", .text(rule.vendor.word)),
      ListField("vendor_columns", .texts(rule.vendorColumns ?? [])), ListField("daemon", .texts(rule.daemon.words)),
      ListField("sealer", .text(rule.sealer.word)), ListField("append_only", .flag(rule.isAppendOnly)),
    ]
  }

  private static func function(_ rule: FunctionRule) -> [ListField] {
    [
      ListField("function", .text(rule.signature)), ListField("called_by", .texts(rule.callers.map(\.rawValue))),
      ListField("runs_as", .text(rule.owner.rawValue)),
    ]
  }

  /// A table with a heading; what is empty is a dash.
  private static func aligned(_ rows: [[ListField]]) -> [String] {
    guard let first = rows.first else { return [] }
    let cells = [first.map { $0.name.replacing("_", with: " ").uppercased() }] + rows.map { $0.map { text($0.value) } }
    let widths = first.indices.map { column in cells.reduce(0) { max($0, TextWidth.of($1[column])) } }
    return cells.map { row in
      let line = zip(row, widths).map { TextWidth.pad($0, to: $1) }.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }

  private static func text(_ value: ListValue) -> String {
    switch value {
    case .text(let text): text
    case .texts(let texts): texts.isEmpty ? "–" : texts.joined(separator: ",")
    case .flag(let flag): flag ? "yes" : "–"
    default: "–"
    }
  }
}

extension Grant {
  /// As the matrix shows it.
  fileprivate var word: String {
    switch self {
    case .yes: "yes"
    case .own: "own"
    case .ask: "ask"
    case .secondPerson: "two"
    case .counts: "counts"
    case .no: "–"
    }
  }
}

extension VendorScope {
  fileprivate var word: String {
    switch self {
    case .hidden: "–"
    case .column, .identity: "own"
    case .order(let column): "own orders by \(column)"
    case .everything: "all"
    }
  }
}

extension DaemonRights {
  fileprivate var words: [String] {
    [(DaemonRights.select, "select"), (.insert, "insert"), (.update, "update"), (.delete, "delete")]
      .filter { contains($0.0) }.map(\.1)
  }
}

extension SealerRights {
  fileprivate var word: String {
    switch self {
    case .none: "–"
    case .read(let columns): "read \(columns.joined(separator: ","))"
    case .append: "append"
    }
  }
}
