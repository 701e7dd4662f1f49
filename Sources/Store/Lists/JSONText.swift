import Market

/// Writes list rows as JSON: one object per line, members in the order of the columns, so that output is stable.
package enum JSONText {
  package static func object(_ fields: [ListField]) -> String {
    var out = "{"
    for (index, field) in fields.enumerated() {
      if index > 0 { out += "," }
      quote(field.name, into: &out)
      out += ":"
      write(field.value, into: &out)
    }
    return out + "}"
  }

  private static func write(_ value: ListValue, into out: inout String) {
    switch value {
    case .none: out += "null"
    case .text(let text): quote(text, into: &out)
    case .integer(let number): out += String(number)
    case .flag(let flag): out += flag ? "true" : "false"
    case .time(let time): quote(time.rfc3339, into: &out)
    case .texts(let texts):
      out += "["
      for (index, text) in texts.enumerated() {
        if index > 0 { out += "," }
        quote(text, into: &out)
      }
      out += "]"
    case .object(let fields): out += object(fields)
    case .objects(let objects): out += "[" + objects.map { object($0) }.joined(separator: ",") + "]"
    }
  }

  /// RFC 8259 § 7. Control and bidirectional characters are escaped too: the output may meet a terminal.
  private static func quote(_ text: String, into out: inout String) {
    out += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case _ where isHidden(scalar.value):
        out += "\\u" + String(repeating: "0", count: 4 - String(scalar.value, radix: 16).utf8.count)
        out += String(scalar.value, radix: 16)
      default: out.unicodeScalars.append(scalar)
      }
    }
    out += "\""
  }

  private static func isHidden(_ value: UInt32) -> Bool {
    switch value {
    case 0...0x1F, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    default: false
    }
  }
}
