import Glibc

/// A folder that mail is delivered into, file by file: `new` is what nobody has looked at yet.
enum Maildir {
  enum Failure: Error, Equatable, CustomStringConvertible {
    /// It is no longer there: somebody else took it.
    case gone
    case tooLarge
    case system(String)

    var description: String {
      switch self {
      case .gone: "it is gone"
      case .tooLarge: "it is too large"
      case .system(let reason): reason
      }
    }
  }

  /// The names of new files, oldest first as their names go; at most `limit`.
  static func names(_ folder: String, limit: Int) throws(Failure) -> [String] {
    guard let stream = opendir("\(folder)/new") else { throw .system(String(cString: strerror(errno))) }
    defer { closedir(stream) }
    var names: [String] = []
    // A flood is read in the order of the directory; sorting all of it would be for nothing.
    while names.count < 10 * limit, let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return Array(names.sorted().prefix(limit))
  }

  /// A new file's bytes. A link or anything else that is no file is not followed.
  static func read(_ folder: String, _ name: String, limitBytes: Int) throws(Failure) -> [UInt8] {
    let descriptor = open("\(folder)/new/\(name)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT { throw .gone }
      throw .system(String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count <= limitBytes {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .system(String(cString: strerror(errno))) }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
    throw .tooLarge
  }

  /// Moves a new file into another of the folder's parts, which is made where it is missing. Answers whether it is no
  /// longer new.
  static func move(_ folder: String, _ name: String, to part: String, as newName: String) -> Bool {
    mkdir("\(folder)/\(part)", 0o700)
    if rename("\(folder)/new/\(name)", "\(folder)/\(part)/\(newName)") == 0 { return true }
    return errno == ENOENT
  }
}
