/// One row in the text format of COPY: values separated by tabs, ended by a newline.
package struct CopyRow: Sendable {
  private var out: [UInt8] = []

  package init() {}

  /// The row as `copyIn` sends it.
  package var bytes: [UInt8] { out + [UInt8(ascii: "\n")] }

  /// Adds a text, escaped; `\N` for nil.
  package mutating func append(_ text: String?) {
    separate()
    guard let text else { return appendNull() }
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
      case UInt8(ascii: "\t"): out += Array("\\t".utf8)
      case UInt8(ascii: "\n"): out += Array("\\n".utf8)
      case UInt8(ascii: "\r"): out += Array("\\r".utf8)
      default: out.append(byte)
      }
    }
  }

  /// Adds an integer.
  package mutating func append(_ number: Int64?) {
    append(number.map { String($0) })
  }

  /// Adds bytes in the hexadecimal form of `bytea`.
  package mutating func append(_ bytes: [UInt8]?) {
    separate()
    guard let bytes else { return appendNull() }
    let digits = Array("0123456789abcdef".utf8)
    out += Array("\\\\x".utf8)
    for byte in bytes {
      out.append(digits[Int(byte >> 4)])
      out.append(digits[Int(byte & 15)])
    }
  }

  private var isFirst = true

  private mutating func separate() {
    if !isFirst { out.append(UInt8(ascii: "\t")) }
    isFirst = false
  }

  private mutating func appendNull() {
    out += Array("\\N".utf8)
  }
}
