/// Ways through the screens that were left, to go back and forward along, as in a browser.
package struct History: Equatable, Sendable {
  package private(set) var past: [[Screen]] = []
  package private(set) var future: [[Screen]] = []

  /// Steps that are kept.
  static let limit = 30

  package init() {}

  /// Remembers the way that is being left for another.
  package mutating func leave(_ screens: [Screen]) {
    past.append(screens.map(\.left))
    if past.count > Self.limit { past.removeFirst() }
    future.removeAll()
  }

  /// The way before this one.
  package mutating func back(from screens: [Screen]) -> [Screen]? {
    guard let way = past.popLast() else { return nil }
    future.append(screens.map(\.left))
    return way
  }

  /// The way that was gone back from.
  package mutating func forward(from screens: [Screen]) -> [Screen]? {
    guard let way = future.popLast() else { return nil }
    past.append(screens.map(\.left))
    return way
  }
}

extension Screen {
  /// As it is kept for coming back to; what it shows is read again then.
  var left: Screen {
    switch self {
    case .list(let list): .list(list.left)
    case .story(let story): .story(story.left)
    case .board: self
    }
  }
}
