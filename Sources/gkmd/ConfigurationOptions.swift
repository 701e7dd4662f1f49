import ArgumentParser
import Daemon
import Glibc

/// Where the configuration is read from.
struct ConfigurationOptions: ParsableArguments {
  @Option(
    name: [.short, .customLong("config")],
    help: ArgumentHelp(
      "The configuration file, in TOML.",
      discussion: "By default GKM_CONFIG, else /etc/gkm/gkmd.toml if it is there.", valueName: "file"))
  var file: String?

  /// Reads the file and the environment. A file that was not asked for may be absent.
  func load() throws -> (configuration: Configuration, entries: [ConfigurationEntry]) {
    let environment = Self.environment()
    let standard = "/etc/gkm/gkmd.toml"
    let path = file ?? environment["GKM_CONFIG"] ?? (access(standard, F_OK) == 0 ? standard : nil)
    do {
      return try Configuration.load(file: path, environment: environment)
    } catch {
      throw Failure(error.description, status: 78)
    }
  }

  private static func environment() -> [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
      entry += 1
    }
    return variables
  }
}

/// Which parts a process runs.
struct PartOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Run only these parts, parted by commas.",
      discussion: "Parts: \(DaemonPart.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "parts"))
  var only: String?

  func parts() throws -> Set<DaemonPart> {
    guard let only else { return Set(DaemonPart.allCases) }
    let names = only.split(separator: ",").map(String.init)
    let parts = try names.map { name in
      guard let part = DaemonPart(rawValue: name) else {
        let known = DaemonPart.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("there is no part called “\(name)”; there are \(known)")
      }
      return part
    }
    guard !parts.isEmpty else { throw ValidationError("--only needs at least one part") }
    return Set(parts)
  }
}
