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
    commandName: "themes", abstract: "List the themes, with a line about each, or show one in its colours.")

  @Argument(help: ArgumentHelp("The theme to be shown.", valueName: "name"))
  var name: String?

  func run() throws {
    let library = ThemeLibrary(directories: ConsoleFolders.themes)
    for line in try name.map({ try PersonReport.theme($0, library) }) ?? PersonReport.themes(library) { print(line) }
  }
}

/// `gkm keys`
struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "List the console's keys and commands, as they are bound for you.")

  func run() throws {
    let settings = try ConsoleSettings.load()
    for line in KeySheet.lines(try settings.commands(), language: settings.language ?? .ofEnvironment) { print(line) }
  }
}
