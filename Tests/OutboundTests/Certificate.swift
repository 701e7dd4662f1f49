import TestSupport

/// A self-signed certificate, made by openssl for one test.
struct Certificate {
  /// PEM files.
  let file: String
  let key: String

  var files: [String] { [file, key] }

  /// `names` as openssl writes them: `DNS:localhost`, `IP:127.0.0.1`.
  static func make(names: [String]) async throws -> Certificate {
    let run = try TestRun.shared.get()
    let certificate = Certificate(file: run.path("cert.pem"), key: run.path("key.pem"))
    let result = try await ChildProcess.run(
      "/usr/bin/openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
        "/CN=test", "-addext", "subjectAltName=\(names.joined(separator: ","))", "-keyout", certificate.key, "-out",
        certificate.file,
      ])
    guard result.succeeded else { throw TestSupportError("openssl: \(result.errors)") }
    return certificate
  }
}
