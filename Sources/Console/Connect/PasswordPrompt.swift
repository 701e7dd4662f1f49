import Glibc

/// Asks for a password on the person's terminal, whatever standard input and output are, without showing it.
package enum PasswordPrompt {
  /// In bytes.
  static let limit = 1_000

  /// - Throws: `ConsoleFailure` where there is no terminal, or the person declines with Ctrl-C or Ctrl-D.
  package static func ask(_ prompt: String) throws -> String {
    let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard terminal >= 0 else {
      throw ConsoleFailure(
        "the server wants a password and there is no terminal to ask on: put it into ~/.pgpass", status: .noPermission)
    }
    defer { close(terminal) }
    var before = termios()
    guard tcgetattr(terminal, &before) == 0 else {
      throw ConsoleFailure("the terminal cannot hide a password: put it into ~/.pgpass", status: .noPermission)
    }
    // Keys come one by one and none is a signal, so that nothing but this function decides how it ends.
    var silent = before
    silent.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
    silent.c_iflag &= ~tcflag_t(ICRNL | INLCR)
    let guarded = SilentTerminal(terminal, &silent, restoring: before)
    defer { guarded.restore() }
    say(prompt, on: terminal)
    defer { say("\n", on: terminal) }
    return try line(from: terminal)
  }

  private static func line(from terminal: Int32) throws -> String {
    var bytes: [UInt8] = []
    while true {
      var byte: UInt8 = 0
      let count = read(terminal, &byte, 1)
      if count < 0, errno == EINTR { continue }
      guard count == 1 else { throw ConsoleFailure("no password was given", status: .noPermission) }
      switch byte {
      case 0x0A, 0x0D: return String(decoding: bytes, as: UTF8.self)
      case 0x03, 0x1C: throw ConsoleFailure("no password was given", status: .interrupted)
      case 0x04 where bytes.isEmpty: throw ConsoleFailure("no password was given", status: .noPermission)
      case 0x08, 0x7F:
        // A character may have several bytes; those behind its first are 10xxxxxx.
        while let last = bytes.popLast(), last & 0xC0 == 0x80 {}
      case 0x15: bytes.removeAll()
      case 0..<0x20: break
      default: if bytes.count < limit { bytes.append(byte) }
      }
    }
  }

  private static func say(_ text: String, on terminal: Int32) {
    let bytes = Array(text.utf8)
    _ = write(terminal, bytes, bytes.count)
  }
}

/// What a killed prompt has to give back. Written only while no prompt stands; read by the handler alone.
private nonisolated(unsafe) var silenced: (terminal: Int32, settings: termios) = (-1, termios())

/// A terminal that does not echo, for as long as a password is typed: also a signal that ends the process restores it.
private struct SilentTerminal {
  private static let deadly = [SIGTERM, SIGHUP]
  private let terminal: Int32
  private let before: termios
  private var former: [sigaction] = []

  init(_ terminal: Int32, _ silent: inout termios, restoring before: termios) {
    self.terminal = terminal
    self.before = before
    silenced = (terminal, before)
    for signal in Self.deadly {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { number in
        tcsetattr(silenced.terminal, TCSAFLUSH, &silenced.settings)
        _exit(128 + number)
      }
      var old = sigaction()
      sigaction(signal, &action, &old)
      former.append(old)
    }
    tcsetattr(terminal, TCSAFLUSH, &silent)
  }

  func restore() {
    var settings = before
    tcsetattr(terminal, TCSAFLUSH, &settings)
    for (signal, action) in zip(Self.deadly, former) {
      var action = action
      sigaction(signal, &action, nil)
    }
  }
}
