extension AuditRecord {
  /// Reads stored bytes. Refuses everything that `bytes` would not spell in exactly the same way, so that one record
  /// has one hash.
  package init(parsing bytes: [UInt8]) throws(AuditFormatError) {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw AuditFormatError("not UTF-8") }
    var lines = AuditLines(text)
    guard lines.next().map(String.init) == Self.header else {
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

/// Takes a record's lines in order.
private struct AuditLines {
  private let lines: [Substring]
  private var position = 0

  init(_ text: String) {
    // A grapheme can hold LF behind CR: split bytes, not characters.
    lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { Substring($0) }
  }

  func error(_ message: String) -> AuditFormatError { AuditFormatError(message, line: position) }

  mutating func next() -> Substring? {
    guard position < lines.count else { return nil }
    position += 1
    return lines[position - 1]
  }

  mutating func value(_ key: String) throws(AuditFormatError) -> String {
    guard let value = try optional(key) else { throw AuditFormatError("`\(key)` wanted", line: position + 1) }
    return value
  }

  mutating func optional(_ key: String) throws(AuditFormatError) -> String? {
    guard position < lines.count, lines[position].utf8.starts(with: (key + " ").utf8) else { return nil }
    position += 1
    return try unescaped(lines[position - 1].utf8.dropFirst(key.utf8.count + 1))
  }

  mutating func details() throws(AuditFormatError) -> [String: String] {
    var details: [String: String] = [:]
    while position < lines.count, lines[position].utf8.starts(with: "detail.".utf8) {
      guard let space = lines[position].utf8.firstIndex(of: 0x20) else { throw error("a value wanted") }
      let name = String(decoding: lines[position].utf8[..<space].dropFirst("detail.".utf8.count), as: UTF8.self)
      details[name] = try value("detail." + name)
    }
    return details
  }

  private func unescaped(_ value: Substring.UTF8View.SubSequence) throws(AuditFormatError) -> String {
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
