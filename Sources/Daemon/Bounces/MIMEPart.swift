import FoundationEssentials

/// The little of MIME that reports of undelivered mail are read by: header fields, and parts between boundaries. Takes
/// whatever bytes there are; what cannot be read is left out.
struct MIMEPart {
  /// Names in lower case, values unfolded, in the order in which they stand.
  let fields: [(name: String, value: String)]
  let body: ArraySlice<UInt8>

  private static let fieldLimit = 500
  private static let partLimit = 20

  /// Reads a whole mail, or one part of it.
  init(_ bytes: ArraySlice<UInt8>) {
    var fields: [(name: String, value: String)] = []
    var rest = bytes
    // An mbox line before the header is no field.
    if rest.starts(with: Array("From ".utf8)) { _ = Self.line(&rest) }
    while !rest.isEmpty {
      let line = Self.line(&rest)
      if line.isEmpty { break }
      if line.first == 0x20 || line.first == 0x09 {
        if let last = fields.indices.last, fields[last].value.utf8.count < 8_192 {
          fields[last].value += " " + Self.text(line).trimmed
        }
      } else if let colon = line.firstIndex(of: UInt8(ascii: ":")), fields.count < Self.fieldLimit {
        let name = Self.text(line[..<colon]).trimmed.lowercased()
        fields.append((name, Self.text(line[(colon + 1)...]).trimmed))
      }
    }
    self.fields = fields
    body = rest
  }

  subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

  func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

  /// `multipart/report` for `multipart/report; report-type=…`.
  var type: String {
    let value = self["content-type"] ?? "text/plain"
    return String(value.prefix { $0 != ";" }).trimmed.lowercased()
  }

  /// A parameter of the content type, without its quotes.
  func parameter(_ name: String) -> String? {
    guard let value = self["content-type"] else { return nil }
    for part in value.split(separator: ";").dropFirst() {
      let sides = part.split(separator: "=", maxSplits: 1)
      guard sides.count == 2, String(sides[0]).trimmed.lowercased() == name else { continue }
      let text = String(sides[1]).trimmed
      return text.hasPrefix("\"") ? String(text.dropFirst().prefix { $0 != "\"" }) : text
    }
    return nil
  }

  /// The parts of a multipart; none where it is not one.
  var parts: [MIMEPart] {
    guard type.hasPrefix("multipart/"), let boundary = parameter("boundary"), !boundary.isEmpty,
      boundary.utf8.count <= 200
    else { return [] }
    let mark = Array("--\(boundary)".utf8)
    var parts: [MIMEPart] = []
    var start: Int?
    var rest = body
    while !rest.isEmpty, parts.count < Self.partLimit {
      let lineStart = rest.startIndex
      let line = Self.line(&rest)
      guard line.starts(with: mark) else { continue }
      let tail = line.dropFirst(mark.count)
      let isEnd = tail.starts(with: Array("--".utf8))
      guard isEnd || tail.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) else { continue }
      if let start { parts.append(MIMEPart(body[start..<lineStart])) }
      start = isEnd ? nil : rest.startIndex
      if isEnd { break }
    }
    // One that was cut off on its way still says what it says.
    if let start, parts.count < Self.partLimit { parts.append(MIMEPart(body[start...])) }
    return parts
  }

  /// The body as text, its transfer encoding undone.
  var content: String {
    switch (self["content-transfer-encoding"] ?? "").trimmed.lowercased() {
    case "base64":
      let kept = body.filter { $0 > 0x20 && $0 < 0x7F }
      return Data(base64Encoded: Data(kept)).map { Self.text(Array($0)[...]) } ?? ""
    case "quoted-printable": return Self.text(Self.unquoted(body)[...])
    default: return Self.text(body)
    }
  }

  private static func unquoted(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    var index = bytes.startIndex
    while index < bytes.endIndex {
      let byte = bytes[index]
      guard byte == UInt8(ascii: "=") else {
        out.append(byte)
        index += 1
        continue
      }
      let rest = bytes[(index + 1)...]
      if rest.starts(with: [0x0D, 0x0A]) {
        index += 3
      } else if rest.first == 0x0A {
        index += 2
      } else if rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        out.append(value)
        index += 3
      } else {
        out.append(byte)
        index += 1
      }
    }
    return out
  }

  /// One line without its end.
  private static func line(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let end = rest.firstIndex(of: 0x0A) ?? rest.endIndex
    var line = rest[rest.startIndex..<end]
    if line.last == 0x0D { line = line.dropLast() }
    rest = end < rest.endIndex ? rest[(end + 1)...] : rest[end...]
    return line
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}

extension String {
  /// Without the blanks around it.
  var trimmed: String {
    var text = self[...]
    while let first = text.first, first.isWhitespace { text = text.dropFirst() }
    while let last = text.last, last.isWhitespace { text = text.dropLast() }
    return String(text)
  }
}
