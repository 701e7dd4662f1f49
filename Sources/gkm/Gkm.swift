import ArgumentParser
import Console
import Glibc
import Market
import Postgres
import Store
import Terminal

/// The console's program. Parses and hands over: nothing else.
@main
struct Gkm: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gkm",
    abstract: "GlobalKeyMarket's control room.",
    usage: "gkm [<connection options> | <URI>] [<subcommand>] …",
    discussion: """
      The database is named the way psql does it: by options, by a URI, or by PGHOST, PGSERVICE, ~/.pgpass and the \
      like. See gkm(1).
      """,
    version: "gkm \(ProgramVersion.text)",
    subcommands: [
      UICommand.self,
      ListCommand.self,
      ShowCommand.self,
      FindCommand.self,
      RetryCommand.self,
      OrderCommand.self,
      AskCommand.self,
      StockCommand.self,
      RevealCommand.self,
      RefundCommand.self,
      DisputeCommand.self,
      EventCommand.self,
      BreakCommand.self,
      CaseCommand.self,
      CommissionCommand.self,
      ExplainCommand.self,
      SettingCommand.self,
      AuditCommand.self,
      EvidenceCommand.self,
      TemplateCommand.self,
      PolicyCommand.self,
      WebhookCommand.self,
      VendorCommand.self,
      PersonCommand.self,
      BreakGlassCommand.self,
      CustomerCommand.self,
      WorkCommand.self,
      DeadCommand.self,
      AlertCommand.self,
      WhoamiCommand.self,
      ThemesCommand.self,
      KeysCommand.self,
    ],
    defaultSubcommand: UICommand.self,
    // As with psql, -h is the host.
    helpNames: [.long, .customShort("?")])

  @MainActor static func main() async {
    ProcessSecrecy.harden()
    CryptoLibrary.staysUntilTheEnd()
    // Sockets and pipes report their end to whoever writes; OutputWriter ends quietly then.
    signal(SIGPIPE, SIG_IGN)
    do {
      var given = Array(CommandLine.arguments.dropFirst())
      if given.contains(RestrictedLogin.option) { given = try RestrictedLogin.enter(given) }
      let arguments = ConnectionArguments.arranged(given)
      try CommandWords.judge(arguments, under: Self.self)
      // Who says nothing wants the console, and wants it at once: all commands need not be looked at for that.
      var command: any ParsableCommand =
        try arguments.isEmpty ? UICommand.parse([]) : parseAsRoot(arguments)
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      fail(error)
    }
  }

  private static func fail(_ error: any Error) -> Never {
    if let failure = ConsoleFailure(error) {
      say(failure.lines.joined(separator: "\n"))
      Glibc.exit(failure.status.rawValue)
    }
    let code = exitCode(for: error)
    // Help, versions and completions are answers; anything else is told on standard error, and cannot move a cursor.
    if code == .success { exit(withError: error) }
    say(
      fullMessage(for: error).split(separator: "\n", omittingEmptySubsequences: false)
        .map { Sanitizer.clean(String($0)) }.joined(separator: "\n"))
    Glibc.exit(code.rawValue)
  }

  private static func say(_ text: String) {
    let bytes = Array("\(text)\n".utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
  }
}
