/// The prepared statements of one connection, bounded: the least recently used goes first.
struct StatementCache {
  /// A statement is the same if its text and the types of its parameters are.
  struct Key: Hashable {
    let text: String
    let types: [UInt32]

    init(_ sql: SQL) {
      text = sql.text
      types = sql.binds.map { $0.type.oid }
    }

    func hash(into hasher: inout Hasher) { hasher.combine(text) }

    static func == (left: Key, right: Key) -> Bool { left.types == right.types && left.text == right.text }
  }

  private struct Entry {
    let name: String
    var lastUse: Int
  }

  private let limit: Int
  private var entries: [Key: Entry] = [:]
  private var clock = 0
  /// What is to be said to the server before the next statement: `DEALLOCATE` of these.
  private(set) var forgotten: [String] = []

  init(limit: Int) {
    self.limit = max(1, limit)
  }

  var count: Int { entries.count }

  /// The name under which a statement is prepared, if it is.
  mutating func name(of key: Key) -> String? {
    clock += 1
    entries[key]?.lastUse = clock
    return entries[key]?.name
  }

  /// A new name for a statement about to be prepared; another may have to be forgotten for it.
  mutating func insert(_ key: Key) -> String {
    if entries.count >= limit, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
      entries[oldest.key] = nil
      forgotten.append(oldest.value.name)
    }
    clock += 1
    let name = "s\(clock)"
    entries[key] = Entry(name: name, lastUse: clock)
    return name
  }

  /// Preparing failed: the server knows no such statement.
  mutating func remove(_ key: Key) {
    entries[key] = nil
  }

  /// Forgets everything, here and on the server.
  mutating func removeAll() {
    entries.removeAll(keepingCapacity: true)
    forgotten = ["ALL"]
  }

  /// The names to forget, once: to be put back if the server did not hear of it.
  mutating func takeForgotten() -> [String] {
    defer { forgotten = [] }
    return forgotten
  }

  mutating func putBack(forgotten names: [String]) {
    forgotten += names
  }
}
