import ArgumentParser
import Console
import Terminal

/// `gkm` alone: the interactive console.
struct UICommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ui", abstract: "Open the interactive console (what gkm does by itself).")

  @OptionGroup var connection: ConnectionOptions

  @Option(help: ArgumentHelp("The theme to begin with; see gkm themes.", valueName: "name"))
  var theme: String?

  @Flag(help: "Ignore Ctrl-Z: for logins that must not reach a shell.")
  var noSuspend = false

  func run() throws {
    let settings = try ConsoleSettings.load()
    let memory = RememberedFile.ofPerson
    try ConsoleApp.run(
      ConsoleApp.Options(
        connection: connection.connection, redisURL: settings.redisURL,
        themes: ThemeLibrary(directories: ConsoleFolders.themes),
        themeName: theme ?? settings.theme ?? memory?.read().theme ?? "dark",
        suspendable: !noSuspend, memory: memory))
  }
}
