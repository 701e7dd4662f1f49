import Glibc
import Market
import Postgres
import TestSupport
import Testing

@testable import Console

/// A vendor at the end of a real OpenSSH, under the very block that gkmd(8) tells sites to use. The server runs as root,
/// which a login with a terminal asks for, in a mount namespace that alone knows of the vendor's system user.
@Suite("A vendor over SSH", .enabled(if: getuid() == 0, "sshd gives terminals to nobody but root"))
struct SshLoginLongTests {
  /// A private sshd on the loopback, with one login whose command is forced.
  private struct Server: Sendable {
    let folder: String
    let port: Int
    let user: String

    /// What every client here begins with. Nothing of the machine's own keys and settings takes part.
    func client(_ options: [String] = []) -> [String] {
      [
        "-F", "none", "-p", "\(port)", "-i", "\(folder)/client", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
        "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
      ] + options + ["\(user)@127.0.0.1"]
    }

    func run(_ command: String? = nil, _ options: [String] = []) async throws -> ChildProcess.Result {
      try await ChildProcess.run("ssh", client(options) + (command.map { [$0] } ?? []), within: .seconds(30))
    }
  }

  /// OpenSSH's server, unpacked and never installed, with what Debian's minimal system may lack of its libraries.
  private static let packages = [
    "openssh-server", "libwrap0", "libgssapi-krb5-2", "libkrb5-3", "libkrb5support0", "libk5crypto3", "libkeyutils1",
    "libcom-err2", "libnsl2", "libtirpc3",
  ]

  /// Nothing of the machine is changed: users, the folder of the privilege separation and the records of logins are
  /// this namespace's own.
  private static let start = """
    set -euo pipefail
    chmod 0644 "$2/authorized"
    chmod 0755 "$2/gkm"
    for kind in passwd group; do cp /etc/$kind "$2/$kind"; done
    printf 'sshd:x:64990:65534::/run/sshd:/usr/sbin/nologin\n%s:x:64991:64992::%s:/bin/sh\n' "$3" "$2" >>"$2/passwd"
    printf 'gkm-vendors:x:64992:\n' >>"$2/group"
    for kind in passwd group; do mount --bind "$2/$kind" /etc/$kind; done
    mount -t tmpfs tmpfs /run
    mount -t tmpfs tmpfs /var/log
    mkdir -m 0755 /run/sshd
    export LD_LIBRARY_PATH=$1/usr/lib/x86_64-linux-gnu:$1/lib/x86_64-linux-gnu
    exec "$1/usr/sbin/sshd" -D -e -f "$2/config"
    """

  /// Instead of serving.
  private static let tell = "exec \"$1/usr/sbin/sshd\" -T -C user=\"$3\",host=localhost,addr=127.0.0.1"

  /// The block as the manual prints it.
  private static func documentedBlock() throws -> String {
    let page = try TextFile.read("\(TestRun.checkout)/man/gkmd.8")
    let start = try #require(page.firstRange(of: "Match Group gkm-vendors\n"))
    let end = try #require(page[start.lowerBound...].firstRange(of: ".Ed")).lowerBound
    return String(page[start.lowerBound..<end])
  }

  private func withServer(
    _ body: @Sendable (Server, SeededMarket) async throws -> Void
  ) async throws {
    try await SeededMarket.with { seeded in
      let vendor = try await seeded.person(.vendor)
      let folder = try TestRun.shared.get().path("ssh-\(seeded.market.database.suffix)")
      let home = try await ChildProcess.run(
        "\(TestRun.checkout)/.scripts/unpacked", Self.packages, within: .seconds(120))
      try #require(home.succeeded, "\(home.errors)")
      let unpacked = "\(TestRun.checkout)/.build/unpacked"
      let user = "v_ssh"
      let port = try FreePort.next()
      let program = "\(folder)/gkm"
      let block = try Self.documentedBlock()
        .replacing(
          "/usr/local/bin/gkm --restricted -h /run/postgresql -d gkm",
          with: "\(program) --restricted -d '\(vendor.conninfo)'")
      try #require(block.contains(program))
      // All that a client may try to send is let through here, unlike on a real server: gkm has to stand it.
      let settings = """
        Port \(port)
        PermitRootLogin no
        ListenAddress 127.0.0.1
        HostKey \(folder)/host
        PidFile none
        UsePAM no
        StrictModes no
        AuthorizedKeysFile \(folder)/authorized
        AcceptEnv *
        PermitUserEnvironment yes
        Subsystem sftp internal-sftp
        \(block)
        """
      try #require(mkdir(folder, 0o711) == 0)
      for name in ["host", "client"] {
        let made = try await ChildProcess.run(
          "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(folder)/\(name)"])
        try #require(made.succeeded, "\(made.errors)")
      }
      try TextFile.write(settings, to: "\(folder)/config")
      try TextFile.write(try TextFile.read("\(folder)/client.pub"), to: "\(folder)/authorized")
      let copied = try await ChildProcess.run("cp", [try TestRun.program("gkm"), program])
      try #require(copied.succeeded, "\(copied.errors)")
      let server = try ChildProcess("unshare", ["-m", "bash", "-c", Self.start, "sshd", unpacked, folder, user])
      defer { server.signal(SIGTERM) }
      let ready = Server(folder: folder, port: port, user: user)
      for _ in 0..<100 {
        if try await ready.run("whoami").succeeded { break }
        try await Task.sleep(for: .milliseconds(100))
      }
      try await body(ready, seeded)
      _ = try await server.end()
    }
  }

  @Test("Commands of gkm run as the vendor; nothing else does, in no way to ask for it")
  func commands() async throws {
    try await withServer { server, seeded in
      let before = try await digest(seeded)
      let me = try await server.run("whoami")
      #expect(me.succeeded && me.output.contains("vendor"), "\(me.output)\(me.errors)")
      let orders = try await server.run("list orders --limit 2 --csv")
      #expect(orders.succeeded && orders.output.hasPrefix("id,"), "\(orders.output)\(orders.errors)")

      let canary = "uid="
      for attempt in [
        "id", "sh", "/bin/sh -c id", "list orders; id", "list orders && id", "list orders | id", "list $(id)",
        "list `id`", "list orders\nid", "whoami; id", "whoami --host 127.0.0.1", "-c id", "--help; id",
        "evidence GK-1", "audit verify", "scp -t /tmp", "rsync --server . /", "sftp-server", "bash -i",
        // Another server, by whatever the words are taken for.
        "list orders --filter --filter -h127.0.0.1", "list orders -d service=evil", "list postgresql://127.0.0.1/x",
        // Files of this machine.
        "stock import /etc/passwd --listing 1", "template show key_delivered", "list orders --out /tmp/x",
        "case note 1 --text @/etc/passwd", "themes /etc",
        // What vendors may not, by whatever way they came.
        "show \(SeededMarket.Order.refused.number)", "list people", "find ada@example.com",
        "order hold GK-1 --reason abc",
        "refund request GK-1 --reason abc", "person add x", "setting set refund.limit.eur 1", "policy", "--version; id",
        "list orders --limit 99999999999999999999", "list orders \(String(repeating: "x", count: 9_000))",
        "list orders \u{1B}]0;id\u{7}", "explain 'x' OR 1=1",
      ] {
        let result = try await server.run(attempt)
        #expect(!result.output.contains(canary) && !result.errors.contains(canary), "\(attempt)")
        #expect(!result.succeeded, "\(attempt): \(result.output)")
      }
      // A subsystem is a command like any other.
      let subsystem = try await ChildProcess.run("ssh", server.client(["-s"]) + ["sftp"], within: .seconds(30))
      #expect(!subsystem.succeeded && subsystem.output.isEmpty)
      #expect(try await digest(seeded).differences(from: before) == [])
    }
  }

  private func digest(_ seeded: SeededMarket) async throws -> MarketDigest {
    let superuser = try await PostgresConnection.connect(seeded.market.superuser)
    let digest = try await superuser.run { try MarketDigest.read($0) }
    await superuser.close()
    return digest
  }

  @Test("Nothing is forwarded: no port either way, no tunnel; agent and display are closed by the same word")
  func forwarding() async throws {
    try await withServer { server, seeded in
      let database = seeded.market.database.server.port
      let near = try FreePort.next()
      // The client listens by itself; what counts is that nothing comes out at the other end. At that end is the SSH
      // server, which speaks first: asked directly, it does.
      let direct = try await ChildProcess.run(
        "bash", ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(server.port) && timeout 5 head -c 1 <&3 | wc -c"],
        within: .seconds(10))
      #expect(direct.output.contains("1"), "\(direct.errors)")
      let local = try ChildProcess(
        "ssh", server.client(["-N", "-L", "\(near):127.0.0.1:\(server.port)"]))
      defer { local.signal(SIGTERM) }
      var answer: ChildProcess.Result?
      for _ in 0..<50 {
        let probe = try await ChildProcess.run(
          "bash", ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(near) && timeout 5 head -c 1 <&3 | wc -c"], within: .seconds(10))
        answer = probe
        if probe.succeeded { break }
        try await Task.sleep(for: .milliseconds(100))
      }
      #expect(answer?.output.contains("1") != true)
      _ = try await local.end()

      let far = try FreePort.next()
      let remote = try await server.run(
        nil, ["-N", "-o", "ExitOnForwardFailure=yes", "-R", "\(far):127.0.0.1:\(database)"])
      #expect(!remote.succeeded && remote.errors.contains("forwarding failed"), "\(remote.errors)")
      let tunnel = try await server.run("whoami", ["-w", "any:any", "-o", "ExitOnForwardFailure=yes"])
      #expect(!tunnel.succeeded)
      // What the server makes of its settings for this person; a client is not told that these two are refused.
      let ask = Self.start.replacing("exec \"$1/usr/sbin/sshd\" -D -e", with: Self.tell)
      let settled = try await ChildProcess.run(
        "unshare",
        ["-m", "bash", "-c", ask, "sshd", "\(TestRun.checkout)/.build/unpacked", server.folder, server.user])
      #expect(settled.output.contains("\ndisableforwarding yes\n"), "\(settled.output) \(settled.errors)")
    }
  }

  @Test("An agent that is offered is not taken in: what runs for the vendor knows of none")
  func agent() async throws {
    try await withServer { server, _ in
      let socket = "\(server.folder)/agent"
      let agent = try ChildProcess("ssh-agent", ["-D", "-a", socket])
      defer { agent.signal(SIGTERM) }
      for _ in 0..<100 where access(socket, F_OK) != 0 { try await Task.sleep(for: .milliseconds(20)) }
      let terminal = try PseudoTerminal(
        "ssh", server.client(["-tt", "-A", "-o", "ForwardAgent=yes"]), environment: ["SSH_AUTH_SOCK": socket])
      try await terminal.sees("GK-", within: .seconds(20))
      // The program that the server runs for the vendor, by its own path.
      let found = try await ChildProcess.run(
        "bash",
        ["-c", "for p in /proc/[0-9]*; do [ \"$(readlink $p/exe)\" = '\(server.folder)/gkm' ] && cat $p/environ; done"])
      let names = found.output.split(separator: "\0").map { $0.prefix { $0 != "=" } }
      #expect(names.contains("SSH_CONNECTION"), "\(names)")
      #expect(!names.contains("SSH_AUTH_SOCK") && !names.contains("DISPLAY"), "\(names)")
      terminal.type("q")
      #expect(try await terminal.ended(within: .seconds(20)) == .exited(0))
    }
  }

  @Test("The client's environment names no other server, no file and no terminal description")
  func environment() async throws {
    try await withServer { server, _ in
      let sent = [
        "PGHOST=evil.example", "PGSERVICEFILE=/etc/passwd", "PGOPTIONS=-c role=postgres", "GKM_THEMES=/etc",
        "TERMINFO=/etc", "TERMINFO_DIRS=/etc", "LD_PRELOAD=/tmp/x.so", "XDG_CONFIG_HOME=/etc", "REDIS_URL=redis://evil",
        "TZ=:/etc/passwd", "LANG=../../etc/passwd", "MALLOC_TRACE=/tmp/trace", "SWIFT_BACKTRACE=enable=yes",
      ]
      let plain = try await server.run("whoami")
      for variable in sent {
        let result = try await server.run("whoami", ["-o", "SetEnv=\(variable)"])
        #expect(result.output == plain.output && result.succeeded, "\(variable): \(result.errors)")
      }
    }
  }

  @Test("In the console no key leads out: no suspending, no file, no pager, whatever the terminal's size")
  func console() async throws {
    try await withServer { server, _ in
      let terminal = try PseudoTerminal("ssh", server.client(["-tt"]))
      try await terminal.sees("GK-", within: .seconds(20))
      // Ctrl-Z, Ctrl-\, Ctrl-C, an escape to a shell as pagers and editors know it.
      terminal.type("\u{1A}")
      terminal.type("\u{1C}")
      terminal.type("!sh\r")
      _ = try await terminal.settled()
      terminal.type("\u{1B}")
      _ = try await terminal.settled(quiet: .milliseconds(500))
      terminal.type("e")
      try await terminal.sees("No files here")
      for (rows, columns) in [(1, 1), (2, 400), (300, 500), (24, 80)] {
        terminal.resize(rows: rows, columns: columns)
        _ = try await terminal.settled()
      }
      try await terminal.sees("Orders")
      #expect(!terminal.screen.text.contains("$ "))
      terminal.type("q")
      #expect(try await terminal.ended(within: .seconds(20)) == .exited(0))
    }
  }
}
