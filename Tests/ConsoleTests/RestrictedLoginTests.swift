import TestSupport
import Testing

@testable import Console

@Suite("A login without a shell") struct RestrictedLoginTests {
  private static let site = ["-h", "/run/postgresql", "-d", "gkm"]

  @Test("Without a command the console opens, and cannot be suspended")
  func console() throws {
    #expect(
      try RestrictedLogin.arguments(site: Self.site, original: nil) == Self.site + ["ui", "--no-suspend"])
    #expect(try RestrictedLogin.arguments(site: [], original: "ui --plain") == ["ui", "--plain", "--no-suspend"])
    #expect(try RestrictedLogin.arguments(site: [], original: "  ") == ["ui", "--no-suspend"])
  }

  @Test("A command goes on with the site's connection")
  func command() throws {
    #expect(
      try RestrictedLogin.arguments(site: Self.site, original: #"list orders --filter "state:paid -refunded" --csv"#)
        == Self.site + ["list", "orders", "--filter=state:paid -refunded", "--csv"])
    #expect(
      try RestrictedLogin.arguments(site: [], original: "list orders --filter -disputed").last
        == "--filter=-disputed")
  }

  @Test(
    "What could reach beyond this program is refused",
    arguments: [
      "id", "sh -c id", "/bin/sh", "gkm list orders", "evidence GK-1 --out /tmp/x", "audit verify", "internal-sftp",
      "/usr/lib/openssh/sftp-server", "scp -t .", "list orders -h evil.example", "list orders --host=evil.example",
      "list orders --dbn evil", "list orders -dgkm", "list orders -wdgkm", "list postgresql://evil/x orders",
      "list orders --filter --filter -hevil.example", "list orders --filter x -hevil.example",
      "find --filter -hevil.example", "case note 1 --text --filter -devil",
      "list --filter --filter --filter -devil -hx",
      "list orders -U other", "list 'orders", "list orders \\", "list orders\nid", "list \u{1B}[2J",
      String(repeating: "list ", count: 65), "list " + String(repeating: "x", count: 9_000),
    ])
  func refused(original: String) {
    #expect(throws: ConsoleFailure.self) { try RestrictedLogin.arguments(site: [], original: original) }
  }

  @Test(
    "Quotes and backslashes part words as a shell's do, and nothing else of a shell is known",
    arguments: [
      ("a  b", ["a", "b"]), ("'a b' c", ["a b", "c"]), (#""a 'b' \" c""#, [#"a 'b' " c"#]), (#"a\ b"#, ["a b"]),
      ("''", [""]), ("a''b", ["ab"]),
      (
        "$HOME `id` $(id); id | sh && x > y *",
        [
          "$HOME", "`id`", "$(id);", "id", "|", "sh", "&&", "x", ">", "y", "*",
        ]
      ), (#"'a\'"#, [#"a\"#]),
    ])
  func words(text: String, words: [String]) throws {
    #expect(try RestrictedLogin.words(text) == words)
  }
}
