import ArgumentParser
import Glibc
import Market

/// The master key, from where `gkmd serve` has it too.
struct VaultOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A file with the master key: 64 hexadecimal digits or 32 bytes.",
      discussion: """
        By default the credential master_key in $CREDENTIALS_DIRECTORY; in development also $GKM_MASTER_KEY.
        """,
      valueName: "file"))
  var masterKeyFile: String?

  func vault() throws -> KeyVault {
    guard let vault = try vaultIfConfigured() else {
      throw Failure("no master key: use --master-key-file, or a credential called master_key", status: 78)
    }
    return vault
  }

  /// `nil` where no master key is to be found.
  func vaultIfConfigured() throws -> KeyVault? {
    if let masterKeyFile { return try Self.vault(file: masterKeyFile) }
    if let folder = Self.environment("CREDENTIALS_DIRECTORY") {
      let credential = "\(folder)/master_key"
      if access(credential, F_OK) == 0 { return try Self.vault(file: credential) }
    }
    return try Self.environment("GKM_MASTER_KEY").map { KeyVault(master: try MasterKey(file: Array($0.utf8))) }
  }

  private static func vault(file: String) throws -> KeyVault {
    KeyVault(master: try MasterKey(file: try InputFile.read(file, limit: 4_096)))
  }

  private static func environment(_ name: String) -> String? {
    guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { return nil }
    return value
  }
}
