import Glibc

/// Where the console finds its files: the person's own first, then those installed with the program.
package enum ConsoleFolders {
  /// `$XDG_CONFIG_HOME/gkm`, by default `~/.config/gkm`; `nil` for a process without a home.
  package static var configuration: String? {
    if let folder = environment("XDG_CONFIG_HOME"), folder.hasPrefix("/") { return "\(folder)/gkm" }
    return environment("HOME").map { "\($0)/.config/gkm" }
  }

  /// Folders with themes; the first that has a name wins. `GKM_THEMES` comes before all.
  package static var themes: [String] {
    var folders = environment("GKM_THEMES").map { [$0] } ?? []
    if let configuration { folders.append("\(configuration)/themes") }
    if let prefix = programPrefix { folders.append("\(prefix)/share/gkm/themes") }
    return folders
  }

  /// `/usr/local` of `/usr/local/bin/gkm`; `nil` where the program does not lie in a folder `bin`.
  private static var programPrefix: String? {
    var buffer = [CChar](repeating: 0, count: 4_096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0 else { return nil }
    let path = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count >= 3, parts[parts.count - 2] == "bin" else { return nil }
    return parts.dropLast(2).joined(separator: "/")
  }

  /// A variable's value; `nil` where it is unset or empty.
  package static func environment(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }
}
