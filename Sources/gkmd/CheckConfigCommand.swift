import ArgumentParser
import Daemon

/// `gkmd check-config`
struct CheckConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-config",
    abstract: "Print every setting in force and where it comes from; secrets are not shown.",
    discussion: "Exits with 78 and one line for each problem if the parts could not run with it.")

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var selection: PartOptions

  func validate() throws { _ = try selection.parts() }

  func run() throws {
    let (configuration, entries) = try options.load()
    let width = entries.map(\.name.count).max() ?? 0
    for entry in entries {
      let name = entry.name + String(repeating: " ", count: width - entry.name.count)
      print("\(name) = \(entry.value)  # \(entry.origin)")
    }
    let missing = configuration.missing(for: try selection.parts())
    guard missing.isEmpty else {
      throw Failure(missing.map(\.message).joined(separator: "\n"), status: 78)
    }
  }
}
