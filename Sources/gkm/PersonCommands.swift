import ArgumentParser
import Console
import Postgres
import Store
import Terminal

/// `gkm whoami`
struct WhoamiCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "whoami", abstract: "Tell who is signed in, and as what.")

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    let viewer = try await connection.connection.connected { connection in
      try await connection.read { try Viewer.current($0) }
    }
    print(PersonReport.whoami(viewer, json: json))
  }
}

/// `gkm themes`
struct ThemesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "themes", abstract: "List the themes, with a line about each.")

  func run() {
    for line in PersonReport.themes(ThemeLibrary(directories: ConsoleFolders.themes)) { print(line) }
  }
}
