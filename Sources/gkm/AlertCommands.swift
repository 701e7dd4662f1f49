import ArgumentParser
import Console
import Market
import Store

/// `gkm alert`
struct AlertCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "alert", abstract: "Show what is amiss; say that somebody knows, or have a rule be silent.",
    subcommands: [List.self, Acknowledge.self, Silence.self, Unsilence.self], defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the alerts that are not over; 'gkm list alerts' shows the others too.")

    @OptionGroup var format: FormatOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let format = format.format
      try await connection.connection.connected { try await AlertReport.list(on: $0, format: format) }
    }
  }

  struct Acknowledge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ack", abstract: "Say that somebody knows of a firing alert: no reminders follow.")

    @Argument(help: ArgumentHelp("The alert's id.", valueName: "alert"))
    var alert: Int64

    @OptionGroup var why: ReasonOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let (alert, reason) = (alert, try why.checked(connection))
      print(
        try await connection.connection.connected {
          try await AlertReport.acknowledge(alert, reason: reason, on: $0)
        })
    }
  }

  struct Silence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Have a rule say nothing for a while; what is still the case then is said then.")

    @OptionGroup var what: RuleOptions

    @Option(name: .customLong("for"), help: ArgumentHelp("How long, as 30m, 2h or 7d.", valueName: "time"))
    var span: AlertSpan

    @OptionGroup var why: ReasonOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let (rule, subject, span, reason) = (what.rule, what.about, span, try why.checked(connection))
      print(
        try await connection.connection.connected {
          try await AlertReport.silence(rule, about: subject, for: span, reason: reason, on: $0)
        })
    }
  }

  struct Unsilence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "End a rule's silence before its time.")

    @OptionGroup var what: RuleOptions
    @OptionGroup var why: ReasonOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let (rule, subject, reason) = (what.rule, what.about, try why.checked(connection))
      print(
        try await connection.connection.connected {
          try await AlertReport.unsilence(rule, about: subject, reason: reason, on: $0)
        })
    }
  }
}

/// Which rule is meant, or which subject of it.
struct RuleOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The rule, as 'gkm alert' shows it.", valueName: "rule"))
  var rule: AlertRule

  @Option(help: ArgumentHelp("Only what is about this.", valueName: "subject"))
  var about: String?
}

extension AlertRule: ExpressibleByArgument {}

extension AlertSpan: ExpressibleByArgument {
  /// A length of time as it is typed.
  public init?(argument: String) { self.init(argument) }
}
