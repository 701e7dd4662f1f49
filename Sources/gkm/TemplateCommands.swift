import ArgumentParser
import Console

/// `gkm template`
struct TemplateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "template", abstract: "See the texts that are sent, and the versions they were sent in.",
    subcommands: [List.self, Show.self, Preview.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List every text with its versions, and since when each is used.")

    @Flag(help: "Print one JSON object per line.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let json = json
      let lines = try await connection.connection.connected { try await TemplateReport.list(json: json, on: $0) }
      for line in lines { print(line) }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a text as its file spells it.",
      discussion: "What it prints may be changed and put into the daemon's folder mail.templates as KEY.LOCALE.txt.")

    @OptionGroup var chosen: TemplateOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let choice = try chosen.choice()
      let lines = try await connection.connection.connected { try await TemplateReport.show(choice, on: $0) }
      for line in lines { print(line) }
    }
  }

  struct Preview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a message with sample values.",
      discussion: "The version that was taken into use last, or that of this release where none was.")

    @OptionGroup var chosen: TemplateOptions

    @Flag(help: "Print the HTML document alone.")
    var html = false

    @Flag(help: "Print the plain text alone.")
    var text = false

    @Flag(help: "Print what Telegram and Discord show.")
    var short = false

    @Option(
      help: ArgumentHelp(
        "A file that is not in use yet, judged as the daemon does; - is standard input.", valueName: "file"))
    var file: String?

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      if [html, text, short].filter({ $0 }).count > 1 {
        throw ValidationError("--html, --text and --short exclude each other.")
      }
      if file != nil, chosen.hash != nil { throw ValidationError("A file has no --hash yet.") }
    }

    func run() async throws {
      let choice = try chosen.choice()
      let part: TemplateReport.Part = html ? .html : text ? .text : short ? .short : .whole
      let lines: [String]
      if let file {
        lines = try TemplateReport.preview(choice, part, file: file)
      } else {
        lines = try await connection.connection.connected {
          try await TemplateReport.preview(choice, part, on: $0)
        }
      }
      for line in lines { print(line) }
    }
  }
}

/// Which text is meant.
struct TemplateOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("Its key, such as key_delivered.", valueName: "key"))
  var key: String

  @Option(help: ArgumentHelp("Its language.", valueName: "locale"))
  var locale = "en"

  // Not --version, which is gkm's own.
  @Option(help: ArgumentHelp("A version, by the beginning of its hash.", valueName: "hash"))
  var hash: String?

  func choice() throws -> TemplateReport.Choice {
    TemplateReport.Choice(key: try TemplateReport.key(key), locale: locale, version: hash)
  }
}
