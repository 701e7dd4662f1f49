extension AuditRecord {
  /// Reads stored bytes. Refuses everything that `bytes` would not spell in exactly the same way, so that one record
  /// has one hash.
  package init(parsing bytes: [UInt8]) throws(AuditFormatError) {
    guard String(validating: bytes, as: UTF8.self) != nil else { throw AuditFormatError("not UTF-8") }
    var lines = AuditLines(bytes)
    guard lines.next().elementsEqual(Self.header.utf8) else {
      throw AuditFormatError("`\(Self.header)` wanted", line: 1)
    }
    guard let at = Instant(rfc3339: try lines.value("at")) else { throw lines.error("not a time") }
    let actor = try lines.value("actor")
    guard let role = AuditRole(rawValue: try lines.value("role")) else { throw lines.error("not a known role") }
    let action = try lines.value("action")
    let subject = try lines.value("subject")
    guard let space = subject.firstIndex(of: " ") else { throw lines.error("a kind and an id wanted") }
    let order = try lines.optional("order")
    let vendor = try lines.optional("vendor").map { Int64($0) ?? 0 }
    let event = try lines.optional("stripe_event")
    let reason = try lines.optional("reason")
    guard let nonce = Hex.decode(try lines.value("nonce")) else { throw lines.error("not hexadecimal") }
    let details = try lines.details()
    try self.init(
      at: at, actor: actor, role: role, actionName: action,
      subject: AuditSubject(kind: String(subject[..<space]), id: String(subject[subject.index(after: space)...])),
      order: order, vendor: vendor.map { VendorID($0) }, stripeEvent: event, reason: reason, nonce: nonce,
      details: details)
    guard self.bytes == bytes else { throw AuditFormatError("not in the one canonical spelling") }
  }

  /// One line for people.
  package var summary: String {
    var text = "\(at.rfc3339) \(actor) (\(role.rawValue)) \(actionName) \(subject.kind) \(subject.id)"
    if let order { text += ", order \(order)" }
    if let vendor { text += ", vendor \(vendor)" }
    if let stripeEvent { text += ", \(stripeEvent)" }
    for (name, value) in details.sorted(by: { $0.key < $1.key }) { text += ", \(name) \(value)" }
    if let reason { text += ": \(reason)" }
    return text
  }
}

/// Takes a record's lines in order. Works on bytes: a grapheme can hold LF behind CR.
private struct AuditLines {
  private let bytes: [UInt8]
  private var position = 0
  /// Lines taken so far.
  private var count = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func error(_ message: String) -> AuditFormatError { AuditFormatError(message, line: count) }

  mutating func next() -> ArraySlice<UInt8> {
    let end = bytes[position...].firstIndex(of: 0x0A) ?? bytes.endIndex
    let line = bytes[position..<end]
    position = min(end + 1, bytes.endIndex)
    count += 1
    return line
  }

  mutating func value(_ key: String) throws(AuditFormatError) -> String {
    guard let value = try optional(key) else { throw AuditFormatError("`\(key)` wanted", line: count + 1) }
    return value
  }

  mutating func optional(_ key: String) throws(AuditFormatError) -> String? {
    let length = key.utf8.count
    guard position + length < bytes.count, bytes[position + length] == 0x20, isNext(key) else { return nil }
    return try unescaped(next().dropFirst(length + 1))
  }

  mutating func details() throws(AuditFormatError) -> [String: String] {
    var details: [String: String] = [:]
    while isNext(Self.detail) {
      let line = next().dropFirst(Self.detail.utf8.count)
      guard let space = line.firstIndex(of: 0x20) else { throw error("a value wanted") }
      details[String(decoding: line[..<space], as: UTF8.self)] = try unescaped(line[(space + 1)...])
    }
    return details
  }

  private static let detail = "detail."

  private func isNext(_ text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

  private func unescaped(_ value: ArraySlice<UInt8>) throws(AuditFormatError) -> String {
    guard value.contains(UInt8(ascii: "\\")) else { return String(decoding: value, as: UTF8.self) }
    var bytes: [UInt8] = []
    var isEscape = false
    for byte in value {
      if isEscape {
        switch byte {
        case UInt8(ascii: "\\"): bytes.append(byte)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        default: throw error("an escape that is neither \\\\ nor \\n")
        }
        isEscape = false
      } else if byte == UInt8(ascii: "\\") {
        isEscape = true
      } else {
        bytes.append(byte)
      }
    }
    if isEscape { throw error("a backslash at the end") }
    return String(decoding: bytes, as: UTF8.self)
  }
}
