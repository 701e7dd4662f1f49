/// A text with holes: the part of Mustache that a message needs, and no more.
///
/// `{{name}}` puts a value in, `{{#name}}…{{/name}}` shows what it encloses where there is such a value (once for each
/// item of a list), `{{^name}}…{{/name}}` where there is none, `{{! … }}` says nothing. A section's or a comment's tag
/// alone on its line takes the line with it. What a value holds is escaped by the kind of text, and there is no way
/// around it.
///
/// Written here because the library for it brings Foundation into `gkm`, and because what an operator writes is
/// answered with line and column, unknown names included.
package struct TemplateText: Sendable {
  /// What values are escaped for.
  package enum Kind: Sendable {
    case plain, html
  }

  indirect enum Node: Sendable {
    case text(String)
    case value(String)
    case section(String, isInverted: Bool, [Node])
  }

  /// A name as it stands in the text.
  package struct Use: Sendable, Hashable {
    package let name: String
    package let line: Int
    package let column: Int
  }

  let nodes: [Node]
  let kind: Kind
  /// Every name that the text uses, in order.
  package let uses: [Use]

  /// Reads a text that begins on line `firstLine` of its file.
  package init(_ source: String, _ kind: Kind, firstLine: Int = 1) throws(TemplateProblem) {
    var parser = TemplateParser(source, firstLine: firstLine)
    nodes = try parser.parse()
    uses = parser.uses
    self.kind = kind
  }

  /// The text with its holes filled. A name without a value leaves nothing.
  package func render(_ values: TemplateValues) -> String {
    var out = ""
    write(nodes, [values], to: &out)
    return out
  }

  /// `scopes`: the innermost last.
  private func write(_ nodes: [Node], _ scopes: [TemplateValues], to out: inout String) {
    for node in nodes {
      switch node {
      case .text(let text): out += text
      case .value(let name): out += escaped(Self.find(name, scopes)?.text ?? "")
      case .section(let name, let isInverted, let inner):
        let value = Self.find(name, scopes)
        if isInverted {
          if value?.isThere != true { write(inner, scopes, to: &out) }
        } else if case .list(let items) = value {
          for item in items { write(inner, scopes + [item], to: &out) }
        } else if value?.isThere == true {
          write(inner, scopes, to: &out)
        }
      }
    }
  }

  private static func find(_ name: String, _ scopes: [TemplateValues]) -> TemplateValue? {
    for scope in scopes.reversed() { if let value = scope[name] { return value } }
    return nil
  }

  private func escaped(_ text: String) -> String {
    guard kind == .html, text.utf8.contains(where: { [0x26, 0x3C, 0x3E, 0x22, 0x27].contains($0) }) else { return text }
    var out: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case 0x26: out += Array("&amp;".utf8)
      case 0x3C: out += Array("&lt;".utf8)
      case 0x3E: out += Array("&gt;".utf8)
      case 0x22: out += Array("&quot;".utf8)
      case 0x27: out += Array("&#39;".utf8)
      default: out.append(byte)
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}

/// What a template's names stand for.
package typealias TemplateValues = [String: TemplateValue]

/// One value of a template.
package enum TemplateValue: Sendable, Hashable {
  case text(String)
  case flag(Bool)
  case list([TemplateValues])

  /// Whether a section over it is shown.
  package var isThere: Bool {
    switch self {
    case .text(let text): !text.isEmpty
    case .flag(let flag): flag
    case .list(let items): !items.isEmpty
    }
  }

  /// What stands in its place; nothing for a flag or a list.
  package var text: String? {
    if case .text(let text) = self { text } else { nil }
  }
}

extension TemplateValue: ExpressibleByStringInterpolation, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral {
  package init(stringLiteral value: String) { self = .text(value) }
  package init(booleanLiteral value: Bool) { self = .flag(value) }
  package init(arrayLiteral elements: TemplateValues...) { self = .list(elements) }
}
