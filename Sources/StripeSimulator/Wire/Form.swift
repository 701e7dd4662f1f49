/// Parameters as Stripe's API reads them: `a[b][0][c]=value` pairs, from a query, a form or (for `/_sim`) JSON.
struct Form: Sendable, Equatable {
  struct Entry: Sendable, Equatable {
    /// `a[b][0][c]` is `["a", "b", "0", "c"]`; `a[]` is `["a", ""]`.
    var path: [String]
    var value: String
  }

  private(set) var entries: [Entry] = []

  init(entries: [Entry] = []) {
    self.entries = entries
  }

  /// Decodes `application/x-www-form-urlencoded`. Bytes that are no UTF-8 are replaced.
  init(encoded: String) {
    for pair in encoded.split(separator: "&") {
      let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = Self.unescape(halves[0])
      entries.append(Entry(path: Self.path(name), value: halves.count > 1 ? Self.unescape(halves[1]) : ""))
    }
  }

  /// Flattens JSON into the same shape.
  init(json: JSON) {
    flatten(json, at: [])
  }

  private mutating func flatten(_ json: JSON, at path: [String]) {
    switch json {
    case .object(let members): for member in members { flatten(member.value, at: path + [member.name]) }
    case .array(let elements):
      for (index, element) in elements.enumerated() { flatten(element, at: path + [String(index)]) }
    case .string(let text): entries.append(Entry(path: path, value: text))
    case .int(let value): entries.append(Entry(path: path, value: String(value)))
    case .double(let value): entries.append(Entry(path: path, value: String(value)))
    case .bool(let value): entries.append(Entry(path: path, value: value ? "true" : "false"))
    case .null, .raw: break
    }
  }

  var isEmpty: Bool { entries.isEmpty }

  /// The names at this level, each once, in the order met.
  var names: [String] {
    var seen: Set<String> = []
    return entries.compactMap(\.path.first).filter { seen.insert($0).inserted }
  }

  /// What lies within `name`.
  subscript(_ name: String) -> Form {
    Form(
      entries: entries.compactMap { entry in
        guard entry.path.count > 1, entry.path[0] == name else { return nil }
        return Entry(path: Array(entry.path.dropFirst()), value: entry.value)
      })
  }

  /// The text of `name`, the last where there are several; an empty one counts as not given.
  func text(_ name: String) -> String? {
    let value = entries.last { $0.path == [name] }?.value
    return value?.isEmpty == true ? nil : value
  }

  /// Whether anything called `name` was given, even empty.
  func has(_ name: String) -> Bool {
    entries.contains { $0.path.first == name }
  }

  /// The pairs directly within `name`: metadata.
  func map(_ name: String) -> [String: String] {
    var map: [String: String] = [:]
    for entry in self[name].entries where entry.path.count == 1 { map[entry.path[0]] = entry.value }
    return map
  }

  /// The values of `name[]` or `name[0]`, or of a bare `name`.
  func texts(_ name: String) -> [String] {
    entries.filter { $0.path.first == name && $0.path.count <= 2 }.map(\.value)
  }

  /// The elements of an array of objects, in the order of their indices.
  func items(_ name: String) -> [Form] {
    let within = self[name]
    return within.names.sorted { (Int($0) ?? .max) < (Int($1) ?? .max) }.map { within[$0] }
  }

  /// One text for the whole, equal for equal parameters in any order: what an idempotency key is compared by.
  var canonical: String {
    entries.map { "\($0.path.joined(separator: "\u{1}"))\u{2}\($0.value)" }.sorted().joined(separator: "\u{3}")
  }

  private static func path(_ name: String) -> [String] {
    guard let bracket = name.firstIndex(of: "[") else { return [name] }
    var path = [String(name[..<bracket])]
    for part in name[bracket...].split(separator: "[", omittingEmptySubsequences: true) {
      path.append(part.hasSuffix("]") ? String(part.dropLast()) : String(part))
    }
    return path
  }

  static func unescape(_ text: some StringProtocol) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var rest = text.utf8.makeIterator()
    while let byte = rest.next() {
      switch byte {
      case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        let digits = [rest.next(), rest.next()].compactMap { $0 }
        if digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) {
          bytes.append(value)
        } else {
          bytes.append(byte)
          bytes += digits
        }
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
