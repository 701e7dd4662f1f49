import Market
package import Postgres
package import Store

/// One thing that a person may ask of a list.
package struct ListProbe: Sendable, Hashable {
  package var kind: ListKind
  package var filter: String
  /// Behind which row; `nil`: the first page.
  package var after: Int64?

  package var title: String { "\(kind.rawValue) \(filter)\(after == nil ? "" : " (deep)")" }
}

/// Everything that lists can be asked for: each field of each list with a value that many rows have, one that few have,
/// and one that none has; each order; a page that lies deep.
package enum ListProbes {
  /// Those that a viewer has, with values taken from what is there.
  package static func all(_ session: borrowing Session, viewer: Viewer) throws -> [ListProbe] {
    var probes: [ListProbe] = []
    for kind in ListKind.allCases where kind.isOpen(to: viewer.role) {
      let schema = kind.schema(for: viewer.role)
      let page = try ListPage.read(session, viewer: viewer, kind: kind, filter: FilterExpression(), limit: 200)
      func add(_ filter: String, after: Int64? = nil) {
        probes.append(ListProbe(kind: kind, filter: filter, after: after))
      }
      add("")
      if let last = page.rows.last, page.rows.count > 1 { add("", after: last.rowID / 2) }
      for field in schema.fields { for term in terms(field, page.rows, viewer) { add(term) } }
      if schema.timeField != nil { for term in ["since:1h", "since:3d", "until:3d", "until:30d"] { add(term) } }
      if schema.allowsFreeText { for word in words(page.rows, viewer) { add(word) } }
      for sort in schema.sorts {
        add("sort:\(sort)")
        add("-sort:\(sort)")
      }
    }
    return probes
  }

  private static func terms(_ field: FilterField, _ rows: [any ListRow], _ viewer: Viewer) -> [String] {
    let name = field.name
    switch field.kind {
    case .enumeration(let words):
      // A vendor's lists turn nothing round.
      return words.map { "\(name):\($0)" } + (viewer.role == .vendor ? [] : words.prefix(1).map { "-\(name):\($0)" })
    case .time: return name == "until" ? ["until:1h"] : ["\(name)>1h", "\(name)<3d"]
    case .money: return ["\(name)>20", "\(name)>99999", "\(name)=0.01"]
    case .integer: return ["\(name)>0", "\(name)>99999"]
    case .id, .text:
      let known = rows.lazy.compactMap { value(of: name, in: $0) }.first { !$0.isEmpty }
      return ["\(name):\(quoted(known ?? "nothing"))", "\(name):qqzzq"]
    }
  }

  /// What a row says under a name like the field's.
  private static func value(of field: String, in row: any ListRow) -> String? {
    let names = [
      "email": "customer_email", "number": "number", "last4": "card_last4", "brand": "card_brand",
      "decline": "decline_code", "reply": "last_reply", "subject": "subject_kind", "by": "requested_by",
    ]
    let wanted = names[field] ?? field
    for member in row.fields where member.name == wanted || member.name.contains(field) {
      switch member.value {
      case .text(let text): return text
      case .texts(let texts): return texts.first
      default: continue
      }
    }
    return nil
  }

  /// Words without a field: of a row, of nothing, and what many rows have.
  private static func words(_ rows: [any ListRow], _ viewer: Viewer) -> [String] {
    var words = ["qqzzq"]
    if let row = rows.dropFirst(rows.count / 2).first,
      let text = value(of: "number", in: row) ?? value(of: "order", in: row)
    {
      words.append(quoted(text))
    }
    return words + (viewer.role == .vendor ? ["GK-7"] : ["drift"])
  }

  private static func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}
