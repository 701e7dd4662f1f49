import Glibc
import TestSupport

/// A real nginx before a daemon: Debian's, unpacked and never installed. It keeps one connection to the daemon for all
/// its clients, so that whatever one of them leaves behind would be the beginning of another's request.
struct Front: Sendable {
  let port: Int
  private let process: ChildProcess

  /// - Parameter streams: whether bodies go on to the daemon as they come, instead of when they are whole.
  static func with<T: Sendable>(
    _ gate: Gatehouse, streams: Bool, _ body: @Sendable (Front) async throws -> T
  ) async throws -> T {
    let unpacked = try await ChildProcess.run("\(TestRun.checkout)/.scripts/unpacked", ["nginx"], within: .seconds(120))
    guard unpacked.succeeded else { throw TestSupportError(unpacked.errors) }
    let folder = try TestRun.shared.get().path("nginx")
    guard mkdir(folder, 0o700) == 0 else { throw TestSupportError("cannot make \(folder)") }
    let port = try FreePort.next()
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(folder)/\($0);" }
    try TextFile.write(
      """
      daemon off;
      worker_processes 1;
      \(getuid() == 0 ? "user root root;" : "")
      pid \(folder)/pid;
      error_log stderr error;
      events { worker_connections 512; }
      http {
        access_log off;
        \(paths.joined(separator: "\n  "))
        client_header_timeout 2s;
        client_body_timeout 2s;
        send_timeout 2s;
        client_max_body_size 1m;
        upstream gkmd { server 127.0.0.1:\(gate.port); keepalive 1; }
        server {
          listen 127.0.0.1:\(port) backlog=511;
          location / {
            proxy_pass http://gkmd;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_request_buffering \(streams ? "off" : "on");
          }
        }
      }

      """, to: "\(folder)/nginx.conf")
    let process = try ChildProcess(
      "\(TestRun.checkout)/.build/unpacked/usr/sbin/nginx",
      ["-p", folder, "-c", "\(folder)/nginx.conf", "-e", "stderr"])
    let front = Front(port: port, process: process)
    for attempt in 0..<100 {
      if let answer = try? await gate.ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", at: port), answer.status == 200 {
        break
      }
      guard attempt < 99, process.isRunning else { throw TestSupportError("nginx: \(process.tail())") }
      try await Task.sleep(for: .milliseconds(50))
    }
    do {
      let value = try await body(front)
      try await process.end(SIGQUIT)
      return value
    } catch {
      _ = try? await process.end()
      throw error
    }
  }
}

/// Requests that two servers could understand differently: where one ends, the other sees another begin.
enum SmuggledRequests {
  /// What is to pass unseen. Nobody else asks for this page.
  static let hidden = "GET /cancelled HTTP/1.1\r\nHost: x\r\n\r\n"
  static let path = "/cancelled"

  static let all: [(name: String, bytes: String)] =
    plain + early
    + encodings.map { name, header in
      (
        "a length, and pieces as \(name)",
        "POST /v1/checkout HTTP/1.1\r\nHost: x\r\nContent-Length: \(hidden.utf8.count + 5)\r\n\(header)\r\n\r\n0\r\n\r\n\(hidden)"
      )
    }

  private static func post(_ headers: String, _ body: String) -> String {
    "POST /v1/checkout HTTP/1.1\r\nHost: x\r\n\(headers)\r\n\r\n\(body)"
  }

  private static let length = hidden.utf8.count
  private static let piece = "\(String(length, radix: 16))\r\n\(hidden)\r\n0\r\n\r\n"

  /// One of the two reads pieces, the other the length.
  private static let encodings: [(String, String)] = [
    ("they are", "Transfer-Encoding: chunked"), ("capitals", "TRANSFER-ENCODING: CHUNKED"),
    ("x", "Transfer-Encoding: xchunked"), ("something behind them", "Transfer-Encoding: chunked, identity"),
    ("something before them", "Transfer-Encoding: identity, chunked"),
    ("twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
    ("with a space before the colon", "Transfer-Encoding : chunked"),
    ("with a tab", "Transfer-Encoding:\tchunked"), ("with a vertical tab", "Transfer-Encoding:\u{B}chunked"),
    ("behind a bare line feed", "X-A: b\nTransfer-Encoding: chunked"),
    ("behind a bare carriage return", "X-A: b\rTransfer-Encoding: chunked"),
    ("folded", "Transfer-Encoding:\r\n chunked"), ("quoted", "Transfer-Encoding: \"chunked\""),
    ("with a NUL", "Transfer-Encoding: chunked\0"), ("with a name that ends in a NUL", "Transfer-Encoding\0: chunked"),
    ("in the next line of another", "X-A: b\r\n Transfer-Encoding: chunked"),
  ]

  private static let plain: [(name: String, bytes: String)] = [
    ("pieces, and a length that ends within them", post("Content-Length: 4\r\nTransfer-Encoding: chunked", piece)),
    ("two lengths, the first none", post("Content-Length: 0\r\nContent-Length: \(length)", hidden)),
    ("two lengths, the last none", post("Content-Length: \(length)\r\nContent-Length: 0", hidden)),
    ("a list of lengths", post("Content-Length: 0, \(length)", hidden)),
    ("a length with a sign", post("Content-Length: +\(length)", hidden)),
    ("a length in hexadecimal", post("Content-Length: 0x\(String(length, radix: 16))", hidden)),
    ("a length with a point", post("Content-Length: \(length).0", hidden)),
    ("a length past all numbers", post("Content-Length: 18446744073709551616", hidden)),
    ("a length with a space before the colon", post("Content-Length : \(length)", hidden)),
    ("a length that is folded", post("Content-Length:\r\n \(length)", hidden)),
    ("a length behind a bare line feed", post("X-A: b\nContent-Length: \(length)", hidden)),
    (
      "lines that end in line feeds alone",
      "POST /v1/checkout HTTP/1.1\nHost: x\nContent-Length: \(length)\n\n\(hidden)"
    ),
    (
      "a piece's length with an extension over two lines",
      post("Transfer-Encoding: chunked", "1;\n\(String(length, radix: 16))\r\nx\r\n0\r\n\r\n")
    ),
    ("a piece's length past all numbers", post("Transfer-Encoding: chunked", "100000000000000000\r\n\(hidden)")),
    ("a piece's length below zero", post("Transfer-Encoding: chunked", "-1\r\n\(hidden)0\r\n\r\n")),
    ("a piece that is longer than it says", post("Transfer-Encoding: chunked", "1\r\nxx\(hidden)\r\n0\r\n\r\n")),
    ("a length among the trailers", post("Transfer-Encoding: chunked", "0\r\nContent-Length: \(length)\r\n\r\n")),
    (
      "pieces in the version before",
      "POST /v1/checkout HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n\(piece)"
    ),
    (
      "a request in a header's value",
      "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\r\n\r\n".replacing("b\r\n\r\n", with: "b%0d%0a%0d%0a\(hidden)")
    ),
  ]

  /// Answered before the body is there: what is left of it must not be taken for a request.
  private static let early: [(name: String, bytes: String)] = [
    (
      "a body to a path that there is not",
      "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n\(hidden)"
    ),
    (
      "a body to a method that there is not",
      "DELETE /v1/checkout HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n\(hidden)"
    ),
    ("a body with GET", "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n\(hidden)"),
    ("pieces with GET", "GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\(piece)"),
    ("a body of another kind", post("Content-Type: text/plain\r\nContent-Length: \(length)", hidden)),
    (
      "a body that has to wait for leave",
      post("Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 99999", hidden)
    ),
    (
      "a body that is too large",
      post(
        "Content-Type: application/json\r\nContent-Length: \(length + 20_000)",
        hidden + String(repeating: "x", count: 20_000))
    ),
    (
      "a body without a signature",
      "POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n\(hidden)"
    ),
  ]
}
