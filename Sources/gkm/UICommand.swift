import ArgumentParser
import Console
import Glibc
import Terminal

/// `gkm` alone: the interactive console.
struct UICommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ui", abstract: "Open the interactive console (what gkm does by itself).")

  @OptionGroup var connection: ConnectionOptions

  @Option(help: ArgumentHelp("The theme to begin with; see gkm themes.", valueName: "name"))
  var theme: String?

  @Flag(help: "Say everything in lines, for screen readers: commands are typed as words.")
  var plain = false

  @Flag(help: "Ignore Ctrl-Z: for logins that must not reach a shell.")
  var noSuspend = false

  @MainActor func run() async throws {
    let settings = try ConsoleSettings.load()
    let memory = RememberedFile.ofPerson
    var target = connection.connection
    target.isReadOnly = target.isReadOnly || settings.isReadOnly
    let options = ConsoleApp.Options(
      connection: target, settings: settings, themes: ThemeLibrary(directories: ConsoleFolders.themes),
      themeName: theme ?? settings.theme ?? memory?.read().theme ?? "dark", suspendable: !noSuspend, memory: memory,
      isRestricted: RestrictedLogin.isActive)
    if plain || settings.isPlain {
      try await PlainConsole.run(options)
    } else {
      try ConsoleApp.run(options)
    }
    // The connection's threads may still be at work, and exit handlers would take from under them what they use.
    _exit(0)
  }
}
