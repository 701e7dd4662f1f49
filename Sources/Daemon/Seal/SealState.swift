package import Market

/// The last head that was signed, in a file of the sealer's own: what a database that was cut short cannot take back.
package struct SealState: Sendable {
  package let path: String

  package init(path: String) { self.path = path }

  /// `nil` where there is no file.
  ///
  /// - Throws: where it cannot be read, or holds no head.
  package func read() throws -> SignedHead? {
    guard let bytes = try DurableFile.read(path, limitBytes: 64 << 10) else { return nil }
    do throws(NoteError) {
      return try SignedHead(parsing: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw NoteError("\(path) holds no head: \(error.message)")
    }
  }

  /// On the disk when it returns.
  package func write(_ head: SignedHead) throws {
    try DurableFile.replace(path, with: Array(head.note.spelled.utf8), mode: 0o600)
  }
}
