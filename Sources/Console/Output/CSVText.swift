import Market
package import Store

/// Rows as CSV by RFC 4180: a header, CRLF, quotes where they are needed.
///
/// A spreadsheet takes a text that begins with = + - @ TAB or CR for a formula, and names are typed by strangers: such a
/// text gets an apostrophe in front (OWASP, "CSV Injection"). Numbers and times are never touched.
package enum CSVText {
  package static func header(_ names: [String]) -> String { record(names.map(text)) }

  package static func row(_ fields: [ListField]) -> String { record(fields.map { cell($0.value) }) }

  private static func record(_ cells: [String]) -> String { cells.joined(separator: ",") + "\r\n" }

  private static func cell(_ value: ListValue) -> String {
    switch value {
    case .none: ""
    case .text(let words): text(words)
    case .integer(let number): String(number)
    case .flag(let flag): flag ? "true" : "false"
    case .time(let time): time.rfc3339
    case .texts(let texts): text(texts.joined(separator: ", "))
    case .object(let fields): text(JSONText.object(fields))
    case .objects(let objects): text("[" + objects.map { JSONText.object($0) }.joined(separator: ",") + "]")
    }
  }

  private static func text(_ words: String) -> String {
    var scalars = String.UnicodeScalarView()
    if let first = words.unicodeScalars.first, startsFormula(first) { scalars.append("'") }
    var needsQuotes = false
    for scalar in words.unicodeScalars {
      switch scalar {
      case "\"":
        needsQuotes = true
        scalars.append("\"")
        scalars.append(scalar)
      case ",", "\n", "\r", "\t":
        needsQuotes = true
        scalars.append(scalar)
      default: scalars.append(SafeText.isRefused(scalar) ? "\u{FFFD}" : scalar)
      }
    }
    return needsQuotes ? "\"\(String(scalars))\"" : String(scalars)
  }

  /// The full-width forms are read as the plain ones where a sheet's language has them.
  private static func startsFormula(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "=", "+", "-", "@", "\t", "\r", "\n", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}": true
    default: false
    }
  }
}
