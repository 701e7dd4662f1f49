/// A first-in first-out queue with amortised constant-time ends.
struct FIFO<Element> {
  private var storage: [Element?] = []
  private var head = 0

  var isEmpty: Bool { head == storage.count }
  var count: Int { storage.count - head }
  var first: Element? { isEmpty ? nil : storage[head] }

  mutating func append(_ element: Element) {
    storage.append(element)
  }

  mutating func popFirst() -> Element? {
    guard !isEmpty, let element = storage[head] else { return nil }
    storage[head] = nil
    head += 1
    if head == storage.count {
      storage.removeAll(keepingCapacity: head <= 4096)
      head = 0
    } else if head > 1024, head * 2 > storage.count {
      storage.removeFirst(head)
      head = 0
    }
    return element
  }

  mutating func removeAll() -> [Element] {
    defer {
      storage = []
      head = 0
    }
    return storage[head...].compactMap { $0 }
  }

  func forEach(_ body: (Element) -> Void) {
    for index in head..<storage.count {
      if let element = storage[index] { body(element) }
    }
  }
}
