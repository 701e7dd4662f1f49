/// What the control sequences of keys and of the mouse mean (xterm's ctlseqs, "PC-Style Function Keys" and "SGR mouse").
enum KeySequences {
  /// The final letter of cursor keys and F1…F4.
  static func letter(_ byte: UInt8) -> Key.Code? {
    switch byte {
    case 0x41: .up
    case 0x42: .down
    case 0x43: .right
    case 0x44: .left
    case 0x46: .end
    case 0x48: .home
    case 0x50: .function(1)
    case 0x51: .function(2)
    case 0x52: .function(3)
    case 0x53: .function(4)
    default: nil
    }
  }

  /// The number before a tilde.
  static func tilde(_ number: Int) -> Key.Code? {
    switch number {
    case 1, 7: .home
    case 2: .insert
    case 3: .delete
    case 4, 8: .end
    case 5: .pageUp
    case 6: .pageDown
    case 11...15: .function(number - 10)
    case 17...21: .function(number - 11)
    case 23...26: .function(number - 12)
    case 28, 29: .function(number - 13)
    case 31...34: .function(number - 14)
    default: nil
    }
  }

  /// `ESC [ parameters final`; nil if it means nothing here.
  static func event(_ parameters: [UInt8], _ final: UInt8, _ extra: Key.Modifiers) -> InputEvent? {
    if parameters.first == 0x3C { return mouse(parameters.dropFirst(), final) }
    // Other private marks begin answers to questions that were not asked.
    if let first = parameters.first, (0x3C...0x3F).contains(first) { return nil }
    let numbers = numbers(parameters)
    let modifiers = extra.union(modifiers(numbers.count > 1 ? numbers[1] : 1))
    switch final {
    case 0x7E:
      return tilde(numbers.first ?? 0).map { .key(Key($0, modifiers)) }
    case 0x24, 0x5E, 0x40:  // rxvt's shift, control, both
      let held: Key.Modifiers = final == 0x24 ? .shift : final == 0x5E ? .control : [.control, .shift]
      return tilde(numbers.first ?? 0).map { .key(Key($0, modifiers.union(held))) }
    case 0x5A: return .key(Key(.tab, modifiers.union(.shift)))
    case 0x61...0x64:  // rxvt's shifted arrows
      return letter(final - 0x20).map { .key(Key($0, modifiers.union(.shift))) }
    case 0x75: return codePoint(numbers.first ?? 0, modifiers)
    default: return letter(final).map { .key(Key($0, modifiers)) }
    }
  }

  /// `CSI code ; modifiers u`, which some terminals send for keys that have no other form.
  private static func codePoint(_ value: Int, _ modifiers: Key.Modifiers) -> InputEvent? {
    switch value {
    case 9: return .key(Key(.tab, modifiers))
    case 13: return .key(Key(.enter, modifiers))
    case 27: return .key(Key(.escape, modifiers))
    case 8, 127: return .key(Key(.backspace, modifiers))
    case 32...: break
    default: return nil
    }
    guard let value = UInt32(exactly: value), let scalar = Unicode.Scalar(value) else { return nil }
    let held = modifiers.subtracting(.shift)
    return held.isEmpty ? .character(Character(scalar)) : .key(Key(.character(Character(scalar)), held))
  }

  private static func numbers(_ bytes: [UInt8]) -> [Int] {
    bytes.split(separator: 0x3B, omittingEmptySubsequences: false).map { part in
      // Sub-parameters after a colon are of no interest.
      part.prefix { $0 != 0x3A }.reduce(0) { value, byte in
        (0x30...0x39).contains(byte) && value < 1_000_000 ? value * 10 + Int(byte - 0x30) : value
      }
    }
  }

  /// 1 + shift 1 + alt 2 + control 4.
  private static func modifiers(_ number: Int) -> Key.Modifiers {
    number < 2 ? [] : Key.Modifiers(rawValue: UInt8((number - 1) & 7))
  }

  private static func mouse(_ parameters: ArraySlice<UInt8>, _ final: UInt8) -> InputEvent? {
    let numbers = numbers(Array(parameters))
    guard numbers.count == 3, final == 0x4D || final == 0x6D else { return nil }
    let bits = numbers[0]
    let position = Position(row: max(0, numbers[2] - 1), column: max(0, numbers[1] - 1))
    var modifiers: Key.Modifiers = []
    if bits & 4 != 0 { modifiers.formUnion(.shift) }
    if bits & 8 != 0 { modifiers.formUnion(.alt) }
    if bits & 16 != 0 { modifiers.formUnion(.control) }
    if bits & 64 != 0 {
      guard bits & 3 < 2 else { return nil }
      return .mouse(Mouse(bits & 1 == 0 ? .wheelUp : .wheelDown, .none, at: position, modifiers))
    }
    let buttons: [Mouse.Button] = [.left, .middle, .right, .none]
    let kind: Mouse.Kind = final == 0x6D ? .release : bits & 32 != 0 ? .drag : .press
    return .mouse(Mouse(kind, buttons[bits & 3], at: position, modifiers))
  }
}
