/// A mail's content as it goes over the wire: every line ends in CRLF, a leading dot is doubled (RFC 5321 section
/// 4.5.2), and the terminating dot follows.
struct SMTPContent: Sendable {
  let bytes: [UInt8]
  /// The size before doubling dots, for the SIZE parameter.
  let size: Int
  let isEightBit: Bool

  init(_ message: [UInt8]) {
    let carriageReturn = UInt8(ascii: "\r")
    let lineFeed = UInt8(ascii: "\n")
    let dot = UInt8(ascii: ".")
    var output: [UInt8] = []
    output.reserveCapacity(message.count + message.count / 32 + 64)
    var high: UInt8 = 0
    var doubled = 0
    message.withUnsafeBufferPointer { message in
      var lineStart = 0
      var index = 0
      func endLine(_ end: Int) {
        if lineStart < end, message[lineStart] == dot {
          output.append(dot)
          doubled += 1
        }
        output.append(contentsOf: message[lineStart..<end])
        output.append(carriageReturn)
        output.append(lineFeed)
      }
      while index < message.count {
        let byte = message[index]
        high |= byte
        if byte == carriageReturn || byte == lineFeed {
          endLine(index)
          if byte == carriageReturn, index + 1 < message.count, message[index + 1] == lineFeed { index += 1 }
          lineStart = index + 1
        }
        index += 1
      }
      if lineStart < message.count { endLine(message.count) }
    }
    size = output.count - doubled
    isEightBit = high >= 128
    output.append(dot)
    output.append(carriageReturn)
    output.append(lineFeed)
    bytes = output
  }
}
