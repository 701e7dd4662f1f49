import TOMLKit

/// One value as it was written, and where.
struct WrittenValue: Sendable {
  enum Content: Sendable, Equatable {
    case text(String)
    case number(Int)
    case flag(Bool)
    case list([String])
  }

  var content: Content
  var place: String
  var line: Int?
  var column: Int?
}

/// Reads a TOML document into dotted names, each with its place in the file.
enum ConfigurationFile {
  static func parse(_ text: String, named place: String) throws(ConfigurationError) -> [String: WrittenValue] {
    let table: TOMLTable
    do {
      table = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw ConfigurationError(problems: [
        ConfigurationProblem(
          place: place, line: error.source.begin.line, column: error.source.begin.column, message: error.description)
      ])
    } catch {
      throw ConfigurationError(problems: [ConfigurationProblem(place: place, message: "cannot be read: \(error)")])
    }
    var values: [String: WrittenValue] = [:]
    var problems: [ConfigurationProblem] = []
    let positions = KeyPositions(text)
    flatten(table, prefix: "", place: place, positions: positions, into: &values, &problems)
    guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
    return values
  }

  private static func flatten(
    _ table: TOMLTable, prefix: String, place: String, positions: KeyPositions,
    into values: inout [String: WrittenValue], _ problems: inout [ConfigurationProblem]
  ) {
    for key in table.keys {
      guard let value = table[key] else { continue }
      let name = prefix + key
      if let inner = value.table {
        flatten(inner, prefix: name + ".", place: place, positions: positions, into: &values, &problems)
        continue
      }
      let position = positions[name]
      if let content = content(of: value) {
        values[name] = WrittenValue(content: content, place: place, line: position?.line, column: position?.column)
      } else {
        problems.append(
          ConfigurationProblem(
            place: place, line: position?.line, column: position?.column,
            message: "\(name): a text, a whole number, true, false or a list of texts is wanted"))
      }
    }
  }

  private static func content(of value: any TOMLValueConvertible) -> WrittenValue.Content? {
    if let text = value.string { return .text(text) }
    if let flag = value.bool { return .flag(flag) }
    if let number = value.int { return .number(number) }
    guard let list = value.array else { return nil }
    let texts = list.compactMap { $0.string }
    return texts.count == list.count ? .list(texts) : nil
  }
}

/// Where in the text each key stands. The parser tells places only of what it cannot parse, so plain keys under plain
/// `[section]` headers are found again here; other spellings have no place.
struct KeyPositions {
  private var positions: [String: (line: Int, column: Int)] = [:]

  init(_ text: String) {
    var section = ""
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let start = line.firstIndex { $0 != " " && $0 != "\t" } ?? line.endIndex
      let column = line.distance(from: line.startIndex, to: start) + 1
      let content = line[start...]
      if content.first == "[", let close = content.firstIndex(of: "]") {
        section = String(content[content.index(after: content.startIndex)..<close].filter { $0 != " " }) + "."
      } else if let equals = content.firstIndex(of: "="), content.first != "#" {
        let key = String(content[..<equals].filter { $0 != " " && $0 != "\t" && $0 != "\"" })
        positions[section + key] = (index + 1, column)
      }
    }
  }

  subscript(name: String) -> (line: Int, column: Int)? { positions[name] }
}
