import Glibc
import TestSupport

/// A folder of one test's own.
enum TemporaryFolder {
  static func make() throws -> String {
    var template = Array("/tmp/gkm-test-XXXXXX".utf8CString)
    guard let folder = mkdtemp(&template) else { throw TestSupportError("cannot make a folder") }
    return String(cString: folder)
  }

  /// Writes a file into a folder, which is made if it is missing.
  static func write(_ text: String, to folder: String, named name: String) throws {
    mkdir(folder, 0o700)
    guard let file = fopen("\(folder)/\(name)", "w") else { throw TestSupportError("cannot write \(name)") }
    fputs(text, file)
    fclose(file)
  }

  /// Removes it with its files, one folder deep.
  static func remove(_ folder: String) {
    for name in ["gkm/config.toml", "gkm/remembered.toml", "gkm/known_markets", "gkm/keys", "remembered.toml"] {
      unlink("\(folder)/\(name)")
    }
    rmdir("\(folder)/gkm")
    rmdir(folder)
  }
}
