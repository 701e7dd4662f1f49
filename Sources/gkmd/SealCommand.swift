import ArgumentParser
import Daemon
import Logging
import Market
import Store

/// `gkmd seal run|keygen`
struct SealCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "seal", abstract: "Seal the audit log: sign what was written, and take the heads away.",
    subcommands: [Run.self, Keygen.self], defaultSubcommand: Run.self)

  struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "run", abstract: "Seal until told to stop, as gkm_sealer; what gkmd seal does by itself.",
      discussion: """
        Two at once are safe: one works, the other waits. If the log is not the one that was signed last, it signs \
        nothing and exits with 76.
        """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(
      help: ArgumentHelp(
        "Take the database's newest head for right where none was kept here, or another key signed it.",
        discussion: "For a sealer that moved or got a new key: once, after 'gkm audit verify' with an outside head."))
    var adopt = false

    func run() async throws {
      let (configuration, _) = try options.load()
      let (logger, sink) = DaemonProcess.startLogging(level: configuration.log.level)
      defer { sink.flush() }
      let app: SealApp
      do {
        app = try SealApp(configuration, adopts: adopt, registry: DaemonProcess.startMetrics(), logger: logger)
      } catch {
        throw Failure(error.description, status: 78)
      }
      do {
        try await app.run()
      } catch let refusal as SealRefusal {
        logger.critical("signing refused", metadata: ["why": "\(refusal)"])
        sink.flush()
        throw Failure("\(refusal)", status: 76)
      } catch {
        logger.critical("stopped by an error", metadata: ["error": "\(error)"])
        sink.flush()
        throw Failure("stopped: \(error)", status: 70)
      }
    }
  }

  struct Keygen: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "keygen", abstract: "Make a signing key and its public key, and print the public one.")

    @Argument(help: ArgumentHelp("Where the key goes; FILE.pub gets the public key.", valueName: "file"))
    var file: String

    @Option(help: "The key's name, which stands before each signature: a domain and a path, without blanks and +.")
    var name: String

    func run() throws {
      do {
        print(try SealKey.make(named: name, at: file).text)
      } catch {
        throw Failure("\(error)", status: 73)
      }
    }
  }
}
