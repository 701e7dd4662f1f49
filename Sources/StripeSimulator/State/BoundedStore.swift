/// Objects by id in the order they were added, of which only the newest `limit` are kept.
struct BoundedStore<Element: Sendable>: Sendable {
  let limit: Int
  private var elements: [String: (sequence: Int, element: Element)] = [:]
  private var ids: [Int: String] = [:]
  private var oldest = 0
  private var next = 0

  init(limit: Int) {
    self.limit = limit
  }

  var count: Int { elements.count }

  /// The element called `id`. Setting one that is there keeps its place; setting nil does nothing.
  subscript(_ id: String) -> Element? {
    get { elements[id]?.element }
    set {
      guard let newValue else { return }
      if let sequence = elements[id]?.sequence {
        elements[id] = (sequence, newValue)
        return
      }
      elements[id] = (next, newValue)
      ids[next] = id
      next += 1
      while elements.count > limit { evictOldest() }
    }
  }

  func contains(_ id: String) -> Bool { elements[id] != nil }

  /// Visits elements from the newest to the oldest, from before `after` where given, until `visit` returns false.
  func forEachNewestFirst(after id: String? = nil, _ visit: (Element) -> Bool) {
    var sequence = id.flatMap { elements[$0]?.sequence } ?? next
    while sequence > oldest {
      sequence -= 1
      guard let id = ids[sequence], let found = elements[id] else { continue }
      guard visit(found.element) else { return }
    }
  }

  /// Visits elements newer than `id`, from the oldest of them, until `visit` returns false.
  func forEachOldestFirst(before id: String, _ visit: (Element) -> Bool) {
    guard let start = elements[id]?.sequence else { return }
    for sequence in (start + 1)..<max(next, start + 1) {
      guard let id = ids[sequence], let found = elements[id] else { continue }
      guard visit(found.element) else { return }
    }
  }

  private mutating func evictOldest() {
    if let id = ids.removeValue(forKey: oldest) { elements[id] = nil }
    oldest += 1
  }
}
