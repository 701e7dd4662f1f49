import ArgumentParser
import Console

/// `gkm policy`
struct PolicyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Print who may do what: the policy that the database's grants are made from.",
    discussion: "Needs no database: it is the policy of this release.")

  @Flag(help: "Print role by table and column instead.")
  var tables = false

  @Flag(help: "Print role by function instead.")
  var functions = false

  @Flag(help: "Print one JSON object per line.")
  var json = false

  func validate() throws {
    if tables, functions { throw ValidationError("--tables and --functions exclude each other.") }
  }

  func run() throws {
    var output = OutputWriter()
    let part: PolicyReport.Part = tables ? .tables : functions ? .functions : .capabilities
    for line in PolicyReport.lines(part, json: json) { try output.line(line) }
    try output.flush()
  }
}
