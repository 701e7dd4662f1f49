/// Reads the text of a template, keeping account of where in it each tag stands.
struct TemplateParser {
  private struct Open {
    let name: String
    let isInverted: Bool
    let line: Int
    let column: Int
    var nodes: [TemplateText.Node] = []
  }

  private enum Tag {
    case value(String), open(String, isInverted: Bool), close(String), comment
  }

  private let lines: [Substring]
  private let firstLine: Int
  private var stack: [Open] = [Open(name: "", isInverted: false, line: 0, column: 0)]
  private(set) var uses: [TemplateText.Use] = []

  init(_ source: String, firstLine: Int) {
    lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    self.firstLine = firstLine
  }

  mutating func parse() throws(TemplateProblem) -> [TemplateText.Node] {
    for (index, line) in lines.enumerated() {
      try read(line, number: firstLine + index, isLast: index == lines.count - 1)
    }
    if stack.count > 1, let open = stack.last {
      throw TemplateProblem(
        line: open.line, column: open.column,
        message: "{{\(open.isInverted ? "^" : "#")\(open.name)}} is never closed by {{/\(open.name)}}")
    }
    return stack[0].nodes
  }

  private mutating func read(_ line: Substring, number: Int, isLast: Bool) throws(TemplateProblem) {
    if let (tag, column) = try Self.lone(line, number) { return try take(tag, number, column) }
    var rest = line
    while let start = rest.firstRange(of: "{{") {
      add(rest[..<start.lowerBound])
      let column = line.distance(from: line.startIndex, to: start.lowerBound) + 1
      let after = rest[start.upperBound...]
      guard let end = after.firstRange(of: "}}") else {
        throw TemplateProblem(line: number, column: column, message: "{{ is not closed by }} on its line")
      }
      try take(try Self.tag(after[..<end.lowerBound], number, column), number, column)
      rest = after[end.upperBound...]
    }
    add(rest)
    if !isLast { add("\n") }
  }

  /// The one tag of a line that holds nothing else, where it is one that leaves no text.
  private static func lone(_ line: Substring, _ number: Int) throws(TemplateProblem) -> (Tag, column: Int)? {
    let blanks: Set<Character> = [" ", "\t"]
    guard let start = line.firstIndex(where: { !blanks.contains($0) }) else { return nil }
    let end = line.lastIndex { !blanks.contains($0) } ?? start
    let content = line[start...end]
    guard content.hasPrefix("{{"), content.hasSuffix("}}"), content.count >= 4 else { return nil }
    let inner = content.dropFirst(2).dropLast(2)
    guard !inner.contains("}}"), let sign = inner.first, "#^/!".contains(sign) else { return nil }
    let column = line.distance(from: line.startIndex, to: start) + 1
    return (try tag(inner, number, column), column)
  }

  private static func tag(_ inner: Substring, _ line: Int, _ column: Int) throws(TemplateProblem) -> Tag {
    guard let sign = inner.first else {
      throw TemplateProblem(line: line, column: column, message: "{{}} names nothing")
    }
    if sign == "{" || sign == "&" {
      throw TemplateProblem(
        line: line, column: column, message: "values are always escaped: {{name}} is wanted, not {{\(sign)…")
    }
    if sign == "!" { return .comment }
    let isPlain = !"#^/".contains(sign)
    let name = trimmed(isPlain ? inner : inner.dropFirst())
    let isName =
      !name.isEmpty
      && name.utf8.allSatisfy {
        (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F || $0 == 0x2E
      }
    guard isName else {
      throw TemplateProblem(
        line: line, column: column, message: "a name of lower-case letters, digits and _ is wanted, not '\(name)'")
    }
    switch sign {
    case "#": return .open(name, isInverted: false)
    case "^": return .open(name, isInverted: true)
    case "/": return .close(name)
    default: return .value(name)
    }
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text
    while text.first == " " { text = text.dropFirst() }
    while text.last == " " { text = text.dropLast() }
    return String(text)
  }

  private mutating func take(_ tag: Tag, _ line: Int, _ column: Int) throws(TemplateProblem) {
    switch tag {
    case .comment: return
    case .value(let name):
      uses.append(TemplateText.Use(name: name, line: line, column: column))
      stack[stack.count - 1].nodes.append(.value(name))
    case .open(let name, let isInverted):
      uses.append(TemplateText.Use(name: name, line: line, column: column))
      guard stack.count <= 8 else {
        throw TemplateProblem(line: line, column: column, message: "sections lie more than 8 deep")
      }
      stack.append(Open(name: name, isInverted: isInverted, line: line, column: column))
    case .close(let name):
      guard stack.count > 1, let open = stack.popLast() else {
        throw TemplateProblem(line: line, column: column, message: "{{/\(name)}} closes nothing")
      }
      guard open.name == name else {
        throw TemplateProblem(
          line: line, column: column,
          message: "{{/\(name)}} stands where {{/\(open.name)}} is wanted, of line \(open.line)")
      }
      stack[stack.count - 1].nodes.append(.section(name, isInverted: open.isInverted, open.nodes))
    }
  }

  /// Texts beside each other are one.
  private mutating func add(_ text: Substring) {
    guard !text.isEmpty else { return }
    let top = stack.count - 1
    if case .text(let before) = stack[top].nodes.last {
      stack[top].nodes[stack[top].nodes.count - 1] = .text(before + text)
    } else {
      stack[top].nodes.append(.text(String(text)))
    }
  }
}
