/// The 32 random bytes from which every other key of the market is derived. Never prints itself.
package struct MasterKey: Sendable {
  let bytes: [UInt8]

  package static let byteCount = 32

  /// Refuses anything but 32 bytes.
  package init(_ bytes: [UInt8]) throws(VaultError) {
    guard bytes.count == Self.byteCount else { throw .wrongLength("a master key", Self.byteCount) }
    self.bytes = bytes
  }

  /// Reads a credential file: 64 hexadecimal digits, blanks around them ignored, or 32 raw bytes.
  package init(file contents: [UInt8]) throws(VaultError) {
    if contents.count == Self.byteCount {
      try self.init(contents)
      return
    }
    let blanks: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
    let text = String(decoding: contents.filter { !blanks.contains($0) }, as: UTF8.self)
    guard let decoded = Hex.decode(text) else { throw .wrongLength("a master key", Self.byteCount) }
    try self.init(decoded)
  }
}

extension MasterKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "MasterKey(redacted)" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why the vault refused. Says nothing of the content.
package enum VaultError: Error, Equatable, CustomStringConvertible {
  /// What, and how many bytes it has.
  case wrongLength(String, Int)
  /// The bytes are not what was sealed there: another row, vendor, product or key, or they were changed.
  case notAuthentic
  case unknownFormat

  package var description: String {
    switch self {
    case .wrongLength(let what, let count): "\(what) has \(count) bytes"
    case .notAuthentic: "the sealed bytes do not belong to this row and key"
    case .unknownFormat: "the sealed bytes are of an unknown format"
    }
  }
}
