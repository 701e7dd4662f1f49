/// What `nextEvent` reports.
package enum InputEvent: Hashable, Sendable {
  /// A key that is not text: named ones, and those held with Control or Alt.
  case key(Key)
  /// A typed character. A combining mark arrives as a character of its own.
  case character(Character)
  /// Text pasted in one go (bracketed paste), lines ended by `\n`. Not sanitised: it is data.
  case paste(String)
  /// Only while the mouse is switched on.
  case mouse(Mouse)
  /// The terminal has a new size; draw again.
  case resize(Size)
  /// Back from being stopped (Ctrl-Z and `fg`); draw again.
  case resumed
  /// A `Waker` was used from some thread.
  case wake
  /// The terminal is gone, or SIGHUP came. Leave; every further call gives the same.
  case hangup
  /// The process was asked to end.
  case signal(Signal)

  package enum Signal: Hashable, Sendable {
    case terminate
    case interrupt
  }

  package var isMouse: Bool { if case .mouse = self { true } else { false } }

  /// The key that was pressed, text or not: what key bindings are looked up by.
  package var pressedKey: Key? {
    switch self {
    case .key(let key): key
    case .character(let character): Key(.character(character))
    default: nil
    }
  }
}

/// A key with its modifiers.
package struct Key: Hashable, Sendable {
  package enum Code: Hashable, Sendable {
    case up, down, left, right, home, end, pageUp, pageDown
    case insert, delete, backspace, enter, escape, tab
    /// F1…F24.
    case function(Int)
    case character(Character)
  }

  package struct Modifiers: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    /// Not set for characters: the shifted character itself arrives.
    package static let shift = Modifiers(rawValue: 1)
    package static let alt = Modifiers(rawValue: 2)
    package static let control = Modifiers(rawValue: 4)
  }

  package var code: Code
  package var modifiers: Modifiers

  package init(_ code: Code, _ modifiers: Modifiers = []) {
    self.code = code
    self.modifiers = modifiers
  }

  package static func control(_ character: Character) -> Key { Key(.character(character), .control) }
  package static func alt(_ character: Character) -> Key { Key(.character(character), .alt) }
  package static let backtab = Key(.tab, .shift)
}

/// The mouse at a cell. Only presses, releases, drags and the wheel are reported.
package struct Mouse: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case press, release, drag, wheelUp, wheelDown
  }
  package enum Button: Hashable, Sendable { case left, middle, right, none }

  package var kind: Kind
  package var button: Button
  package var position: Position
  package var modifiers: Key.Modifiers

  package init(_ kind: Kind, _ button: Button, at position: Position, _ modifiers: Key.Modifiers = []) {
    self.kind = kind
    self.button = button
    self.position = position
    self.modifiers = modifiers
  }
}

// MARK: - Keys as text

extension Key: CustomStringConvertible {
  private static let names: [(name: String, code: Code)] = [
    ("up", .up), ("down", .down), ("left", .left), ("right", .right), ("home", .home), ("end", .end),
    ("pgup", .pageUp), ("pgdn", .pageDown), ("insert", .insert), ("delete", .delete), ("backspace", .backspace),
    ("enter", .enter), ("esc", .escape), ("tab", .tab), ("space", .character(" ")), ("minus", .character("-")),
  ]

  /// As written in settings and help: `j`, `ctrl-x`, `alt-enter`, `shift-tab`, `f5`, `pgdn`, `space`.
  package var description: String {
    var text = ""
    if modifiers.contains(.control) { text += "ctrl-" }
    if modifiers.contains(.alt) { text += "alt-" }
    if modifiers.contains(.shift) { text += "shift-" }
    if let named = Key.names.first(where: { $0.code == code && (code != .character("-") || !modifiers.isEmpty) }) {
      return text + named.name
    }
    switch code {
    case .function(let number): return text + "f\(number)"
    case .character(let character): return text + String(character)
    default: return text
    }
  }

  /// Reads what `description` writes; nil if it is not a key.
  package init?(_ text: String) {
    var rest = Substring(text)
    var modifiers: Modifiers = []
    for (prefix, modifier) in [("ctrl-", Modifiers.control), ("alt-", .alt), ("shift-", .shift)]
    where rest.hasPrefix(prefix) && rest.count > prefix.count {
      modifiers.formUnion(modifier)
      rest = rest.dropFirst(prefix.count)
    }
    if let named = Key.names.first(where: { $0.name == rest }) {
      self.init(named.code, modifiers)
    } else if rest.count == 1, let character = rest.first {
      // Control takes no account of case, and Shift is in the character.
      guard !modifiers.contains(.shift) else { return nil }
      let plain = modifiers.contains(.control) ? Character(character.lowercased()) : character
      self.init(.character(plain), modifiers)
    } else if rest.first == "f", let number = Int(rest.dropFirst()), (1...24).contains(number) {
      self.init(.function(number), modifiers)
    } else {
      return nil
    }
  }
}
