import ArgumentParser
import Console
import Store

/// `gkm audit verify|resume`
struct AuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Verify the sealed audit log, or resume it after a restore.",
    subcommands: [Verify.self, Resume.self])

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify", abstract: "Verify the audit log from its rows' bytes to its signed heads; as staff.",
      discussion: """
        Names each event that was edited, deleted, renumbered, reordered, back-dated or put in later, and each head \
        that was signed by another key; with heads from outside also what was cut off or made anew. Exits with 65 then.
        """)

    @Option(help: ArgumentHelp("The first leaf to look at; earlier ones are taken as they are.", valueName: "leaf"))
    var from: Int?

    @Option(help: ArgumentHelp("Look at the leaves below this one.", valueName: "leaf"))
    var to: Int?

    @Option(
      help: ArgumentHelp(
        "A file of heads that were kept outside the database; '-' is standard input.", valueName: "file"))
    var head: String?

    @Option(
      help: ArgumentHelp(
        "A file of the sealer's public keys, one to a line.",
        discussion: "By default that of $GKM_SEAL_PUBLIC_KEY, else /etc/gkm/seal.pub if it is there.",
        valueName: "file"))
    var key: String?

    @Option(
      help: ArgumentHelp(
        "Keep in this file how far was verified, and go on from there.", valueName: "file"))
    var state: String?

    @Flag(help: "Tell on standard error how far it is.")
    var progress = false

    @Flag(help: "Print one JSON object for each finding, and one at the end.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      guard from ?? 0 >= 0, to ?? 0 >= 0, from ?? 0 <= to ?? .max else {
        throw ValidationError("--from and --to are leaves' numbers, from 0, the lower one first.")
      }
      if state != nil, from != nil { throw ValidationError("--state and --from exclude each other.") }
    }

    func run() async throws {
      var report = try AuditReport(keyFile: key, headFile: head)
      report.check.from = from ?? 0
      report.check.to = to
      report.stateFile = state
      report.showsProgress = progress
      report.json = json
      let made = report
      try await connection.connection.connected { try await made.run(on: $0) }
    }
  }

  struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "resume", abstract: "Give up the head that a restored log does not have; as admin.",
      discussion: """
        For a sealer that refuses to sign because the database was restored from a backup. That is itself an event of \
        the log, with your login and the reason.
        """)

    @Flag(help: "Say that the database was restored: nothing else makes this right.")
    var afterRestore = false

    @Option(help: ArgumentHelp("The head, as the sealer printed it when it refused.", valueName: "size:root"))
    var lostHead: String

    @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
    var reason: String

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      if connection.readOnly { throw ValidationError("--read-only is given, and this changes something.") }
      guard afterRestore else {
        throw ValidationError("Only after a restore: say so with --after-restore. What is lost then is lost for good.")
      }
    }

    func run() async throws {
      let (lostHead, reason) = (lostHead, reason)
      print(
        try await connection.connection.connected {
          try await AuditReport.resume(lostHead: lostHead, reason: reason, on: $0)
        })
    }
  }
}

/// `gkm evidence`
struct EvidenceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evidence", abstract: "Export what the sealed log has about an order, with its proofs; as staff.",
    discussion: """
      The file is an archive that can be verified without this software: README.txt and verify.sh in it say and do how. \
      summary.html is for reading.
      """)

  @Argument(
    help: ArgumentHelp("Its number, its id, or the id of anything at Stripe that belongs to it.", valueName: "order"))
  var order: String

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("The file; '-' is standard output; by default evidence-ORDER.tar.", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "A file of the sealer's public keys: the head must be signed by one of them.",
      discussion: "By default as for 'gkm audit verify'.", valueName: "file"))
  var key: String?

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    let (order, output, key) = (order, output, key)
    let line = try await connection.connection.connected {
      try await EvidenceBundle.export(order, to: output, keyFile: key, on: $0)
    }
    if output != "-" { print(line) }
  }
}
