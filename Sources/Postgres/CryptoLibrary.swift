import Glibc

/// OpenSSL, with which libpq signs in.
package enum CryptoLibrary {
  /// Keeps it usable until the process is gone. To be called before anything else uses it.
  ///
  /// As it comes it takes itself apart in `exit`, while other threads may still be ending their connections: they crash
  /// then, and a command that did all its work looks as if it had failed. That it may be told not to is
  /// OPENSSL_init_crypto(3). A libpq that was built without it has nothing to be told.
  package static func staysUntilTheEnd() {
    typealias Initialise = @convention(c) (UInt64, OpaquePointer?) -> Int32
    if let address = dlsym(nil, "OPENSSL_init_crypto") {
      _ = unsafeBitCast(address, to: Initialise.self)(noAtExit, nil)
    }
  }

  /// OPENSSL_INIT_NO_ATEXIT of <openssl/crypto.h>.
  private static let noAtExit: UInt64 = 0x0008_0000
}
