/// One argument of a Redis command: text, bytes or an integer.
///
/// Arguments are length-prefixed on the wire (RESP bulk strings), so that any byte may occur in them and nothing has to
/// be quoted.
package protocol RedisArgument: Sendable {
  /// Appends this argument as a RESP bulk string, `$<length>\r\n<bytes>\r\n`.
  func appendBulk(to output: inout [UInt8])
}

extension String: RedisArgument {
  package func appendBulk(to output: inout [UInt8]) {
    output.appendPrefixed(UInt8(ascii: "$"), utf8.count)
    output.append(contentsOf: utf8)
    output.appendLineEnd()
  }
}

extension [UInt8]: RedisArgument {
  package func appendBulk(to output: inout [UInt8]) {
    output.appendPrefixed(UInt8(ascii: "$"), count)
    output.append(contentsOf: self)
    output.appendLineEnd()
  }
}

extension Int: RedisArgument {
  package func appendBulk(to output: inout [UInt8]) {
    String(self).appendBulk(to: &output)
  }
}

extension Int64: RedisArgument {
  package func appendBulk(to output: inout [UInt8]) {
    String(self).appendBulk(to: &output)
  }
}

/// A command as the wire wants it: an array of bulk strings.
func encodeCommand(_ arguments: [any RedisArgument], to output: inout [UInt8]) {
  output.appendPrefixed(UInt8(ascii: "*"), arguments.count)
  for argument in arguments {
    argument.appendBulk(to: &output)
  }
}

extension [UInt8] {
  fileprivate mutating func appendPrefixed(_ prefix: UInt8, _ number: Int) {
    append(prefix)
    append(contentsOf: String(number).utf8)
    appendLineEnd()
  }

  fileprivate mutating func appendLineEnd() {
    append(UInt8(ascii: "\r"))
    append(UInt8(ascii: "\n"))
  }
}
