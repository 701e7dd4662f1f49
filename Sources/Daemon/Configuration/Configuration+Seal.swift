/// How the audit log is sealed: `gkmd seal`, a process and a user of its own.
package struct SealSettings: Sendable {
  /// `PRIVATE+KEY+…`, as `gkmd seal keygen` writes it.
  package var key: Secret?
  /// The log's name in each head.
  package var origin: String
  /// Where the last head is kept, outside the database.
  package var stateFile: String
  /// How often it is looked for something new.
  package var interval: Duration
  /// Events under one head at most.
  package var batch: Int
  /// A folder on another volume that gets every head.
  package var publishFolder: String?
  /// An address that heads are posted to.
  package var publishURL: String?
  package var publishToken: Secret?
  /// How far apart published heads are at least.
  package var publishInterval: Duration
  /// Who gets a mail with the newest head.
  package var digestTo: String?
  package var digestInterval: Duration

  init(_ reader: inout ConfigurationReader, publicURL: String) {
    key = reader.secret("seal.key", env: ["GKM_SEAL_KEY"], credential: "seal_key")
    origin = reader.text("seal.origin", env: ["GKM_SEAL_ORIGIN"], default: "\(URLParts.host(publicURL))/audit")
    stateFile = reader.text("seal.state_file", env: ["GKM_SEAL_STATE"], default: "/var/lib/gkm-sealer/head")
    interval = reader.duration(
      "seal.interval", env: ["GKM_SEAL_INTERVAL"], default: .seconds(1), in: .milliseconds(10)...(.seconds(60)))
    batch = reader.number("seal.batch", default: 8_192, in: 1...65_536)
    publishFolder = reader.optionalText("seal.publish_folder", env: ["GKM_SEAL_PUBLISH"])
    publishURL = reader.optionalText("seal.publish_url", env: ["GKM_SEAL_PUBLISH_URL"])
    publishToken = reader.secret("seal.publish_token", env: [], credential: "seal_publish_token")
    publishInterval = reader.duration(
      "seal.publish_interval", env: ["GKM_SEAL_PUBLISH_INTERVAL"], default: .seconds(5),
      in: .zero...(.seconds(3_600)))
    digestTo = reader.optionalText("seal.digest_to", env: ["GKM_SEAL_DIGEST_TO"])
    digestInterval = reader.duration(
      "seal.digest_interval", default: .seconds(86_400), in: .seconds(60)...(.seconds(31 * 86_400)))
    if let url = publishURL, URLParts.base(url) == nil {
      reader.problem("seal.publish_url", "an address that begins with https:// or http:// is wanted")
    }
    if let to = digestTo, !to.contains("@") || to.contains(where: \.isWhitespace) {
      reader.problem("seal.digest_to", "an address is wanted")
    }
  }
}
