import CLibpq

/// What a server keeps of a password, made by libpq on this side, exactly as `\password` of psql makes it.
package enum PasswordVerifier {
  /// `SCRAM-SHA-256$<rounds>:<salt>$<StoredKey>:<ServerKey>`: the password goes through SASLprep (RFC 4013) first, as it
  /// does whenever libpq signs in. `nil` where there is no memory, or no randomness for the salt.
  ///
  /// - Parameter password: without NUL.
  package static func scram(_ password: String) -> String? {
    // libpq wants a connection to note an error in. One that was told nothing it understands was never opened.
    guard let connection = PQconnectStart("gkm_never_connects=1") else { return nil }
    defer { PQfinish(connection) }
    guard let made = PQencryptPasswordConn(connection, password, "", "scram-sha-256") else { return nil }
    defer { PQfreemem(made) }
    return String(cString: made)
  }
}
