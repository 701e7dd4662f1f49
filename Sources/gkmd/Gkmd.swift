import ArgumentParser
import Daemon
import Glibc

/// The daemon and what administers it. Parses and hands over: nothing else.
@main
struct Gkmd: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gkmd",
    abstract: "GlobalKeyMarket's engine room.",
    discussion: """
      The database is named the way psql does it: by --database, or by PGHOST, PGSERVICE, ~/.pgpass and the like.
      """,
    subcommands: [
      ServeCommand.self, SealCommand.self, CheckConfigCommand.self,
      BootstrapCommand.self, MigrateCommand.self, PersonCommand.self, RedisACLCommand.self, AfterRestoreCommand.self,
      StockCommand.self, KeysCommand.self, VerifyCommand.self, ReconcileCommand.self, DemoDataCommand.self,
    ])

  static func main() async {
    // Before anything is read: nearly every command holds a key, clear stock or a password.
    DaemonProcess.harden()
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      guard let failure = Failure(error) else { exit(withError: error) }
      Failure.say(failure.message)
      Glibc.exit(failure.status)
    }
  }
}
