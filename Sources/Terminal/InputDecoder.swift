/// Turns the bytes a terminal sends into events. A pure state machine: bytes in, events out; time is the caller's.
///
/// It knows the sequences of xterm and of what follows it (VTE, kitty, tmux, screen, rxvt, the Linux console), in both
/// cursor-key modes, whatever $TERM says: over SSH that is often wrong. What it does not know, it drops.
struct InputDecoder {
  /// A paste is data that someone chose; beyond this it is cut.
  static let maximumPasteBytes = 1 << 20
  static let maximumSequenceBytes = 64

  private var pending: [UInt8] = []
  private var pasted: [UInt8]?

  private static let pasteEnd = Array("\u{1B}[201~".utf8)

  /// How long to wait for more bytes before `flush`; nil when nothing is pending. A lone Escape waits 25 ms; what has
  /// surely begun a sequence waits for a slow line; a paste waits longer.
  var flushAfterMilliseconds: Int? {
    if pasted != nil { return 2_000 }
    if pending.isEmpty { return nil }
    return pending == [0x1B] || pending == [0x1B, 0x1B] ? 25 : 500
  }

  /// Decodes some bytes.
  mutating func feed(_ bytes: some Sequence<UInt8>) -> [InputEvent] {
    var events: [InputEvent] = []
    for byte in bytes {
      if pasted != nil {
        feedPaste(byte, &events)
      } else {
        pending.append(byte)
        while !pending.isEmpty, take(&events) {}
      }
    }
    return events
  }

  /// No more bytes came in time: what is pending is all there is.
  mutating func flush() -> [InputEvent] {
    var events: [InputEvent] = []
    if let bytes = pasted {
      pasted = nil
      events.append(InputDecoder.paste(bytes))
      return events
    }
    let bytes = pending
    pending = []
    guard let first = bytes.first else { return [] }
    if first != 0x1B { return [.character("\u{FFFD}")] }
    if bytes.count == 1 { return [.key(Key(.escape))] }
    if bytes == [0x1B, 0x1B] { return [.key(Key(.escape, .alt))] }
    if bytes.count == 2 { return [.key(.alt(Character(Unicode.Scalar(bytes[1]))))] }
    return []
  }

  // MARK: - One unit at a time

  /// Takes one whole unit from the front of `pending`; false if it is not whole yet.
  private mutating func take(_ events: inout [InputEvent]) -> Bool {
    let first = pending[0]
    if first == 0x1B { return takeEscape(&events) }
    if first < 0x20 || first == 0x7F {
      pending.removeFirst()
      if let key = InputDecoder.controlKey(first) { events.append(.key(key)) }
      return true
    }
    if first < 0x80 {
      pending.removeFirst()
      events.append(.character(Character(Unicode.Scalar(first))))
      return true
    }
    return takeUTF8(&events, modifiers: [])
  }

  private mutating func takeEscape(_ events: inout [InputEvent]) -> Bool {
    guard pending.count > 1 else { return false }
    switch pending[1] {
    case 0x5B: return takeCSI(&events, from: 2, modifiers: [])
    case 0x4F: return takeSS3(&events, from: 2, modifiers: [])
    case 0x1B:
      // Escape before a sequence is how rxvt and others send Alt with a named key.
      guard pending.count > 2 else { return false }
      if pending[2] == 0x5B { return takeCSI(&events, from: 3, modifiers: .alt) }
      if pending[2] == 0x4F { return takeSS3(&events, from: 3, modifiers: .alt) }
      pending.removeFirst()
      events.append(.key(Key(.escape)))
      return true
    case let byte where byte < 0x20 || byte == 0x7F:
      pending.removeFirst(2)
      if var key = InputDecoder.controlKey(byte) {
        key.modifiers.formUnion(.alt)
        events.append(.key(key))
      }
      return true
    case let byte where byte < 0x80:
      pending.removeFirst(2)
      events.append(.key(.alt(Character(Unicode.Scalar(byte)))))
      return true
    default:
      pending.removeFirst()
      if takeUTF8(&events, modifiers: .alt) { return true }
      pending.insert(0x1B, at: 0)
      return false
    }
  }

  private mutating func takeUTF8(_ events: inout [InputEvent], modifiers: Key.Modifiers) -> Bool {
    let first = pending[0]
    let count = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 1
    let badContinuation = pending.dropFirst().prefix(count - 1).firstIndex { $0 & 0xC0 != 0x80 }
    let length = badContinuation ?? count
    guard pending.count >= length else { return false }
    // A malformed sequence gives one replacement for all its bytes.
    let character = String(decoding: pending[..<length], as: UTF8.self).first ?? "\u{FFFD}"
    pending.removeFirst(length)
    events.append(modifiers.isEmpty ? .character(character) : .key(Key(.character(character), modifiers)))
    return true
  }

  /// ESC O and one letter: cursor keys in application mode, F1…F4, the keypad.
  private mutating func takeSS3(_ events: inout [InputEvent], from start: Int, modifiers: Key.Modifiers) -> Bool {
    guard pending.count > start else { return false }
    let final = pending[start]
    pending.removeFirst(start + 1)
    if let code = KeySequences.letter(final) {
      events.append(.key(Key(code, modifiers)))
    } else if final == 0x4D {
      events.append(.key(Key(.enter, modifiers)))
    } else if (0x6A...0x79).contains(final) {
      events.append(.character(Character(Unicode.Scalar(final - 0x40))))
    } else if (0x61...0x64).contains(final), let code = KeySequences.letter(final - 0x20) {
      events.append(.key(Key(code, .control)))
    }
    return true
  }

  private mutating func takeCSI(_ events: inout [InputEvent], from start: Int, modifiers: Key.Modifiers) -> Bool {
    // The Linux console sends F1…F5 as ESC [ [ A…E.
    if pending.count > start, pending[start] == 0x5B {
      guard pending.count > start + 1 else { return false }
      let letter = Int(pending[start + 1]) - 0x41
      pending.removeFirst(start + 2)
      if (0..<5).contains(letter) { events.append(.key(Key(.function(letter + 1), modifiers))) }
      return true
    }
    guard let end = pending[start...].firstIndex(where: { $0 >= 0x40 || $0 < 0x20 || $0 == 0x24 }) else {
      if pending.count > InputDecoder.maximumSequenceBytes { pending.removeAll() }
      return false
    }
    let final = pending[end]
    let parameters = Array(pending[start..<end])
    // A control character inside is not of the sequence: it ends it and is read again.
    pending.removeFirst(final < 0x20 ? end : end + 1)
    if final < 0x20 { return true }
    if final == 0x7E, parameters == Array("200".utf8) {
      pasted = []
    } else if let event = KeySequences.event(parameters, final, modifiers) {
      events.append(event)
    }
    return true
  }

  private mutating func feedPaste(_ byte: UInt8, _ events: inout [InputEvent]) {
    guard var bytes = pasted else { return }
    pasted = nil  // keeps the array unique while it grows
    bytes.append(byte)
    if byte == 0x7E, bytes.suffix(InputDecoder.pasteEnd.count).elementsEqual(InputDecoder.pasteEnd) {
      bytes.removeLast(InputDecoder.pasteEnd.count)
      events.append(InputDecoder.paste(bytes))
      return
    }
    let limit = InputDecoder.maximumPasteBytes + InputDecoder.pasteEnd.count
    if bytes.count > limit + 4_096 { bytes.removeSubrange(InputDecoder.maximumPasteBytes..<(bytes.count - 6)) }
    pasted = bytes
  }

  private static func paste(_ bytes: [UInt8]) -> InputEvent {
    var normal: [UInt8] = []
    normal.reserveCapacity(bytes.count)
    for (index, byte) in bytes.prefix(maximumPasteBytes).enumerated() {
      if byte == 0x0A, index > 0, bytes[index - 1] == 0x0D { continue }
      normal.append(byte == 0x0D ? 0x0A : byte)
    }
    return .paste(String(decoding: normal, as: UTF8.self))
  }

  private static func controlKey(_ byte: UInt8) -> Key? {
    switch byte {
    case 0x09: Key(.tab)
    case 0x0A, 0x0D: Key(.enter)
    case 0x08, 0x7F: Key(.backspace)
    case 0x00: .control(" ")
    case 0x01...0x1A: .control(Character(Unicode.Scalar(byte + 0x60)))
    case 0x1C...0x1F: .control(Character(Unicode.Scalar(byte + 0x40)))
    default: nil
    }
  }
}
