import Market
import Store

extension PreparedNotice {
  /// Values that stand nowhere at rest, and are made when they are sent: the code that proves an address.
  func madeValues(_ vault: KeyVault) -> [String: String] {
    guard template == "address_code", let text = values["request"], let request = AddressCodeRequest(text) else {
      return [:]
    }
    return ["code": vault.code(of: request)]
  }

  /// The envelope sender of its mail: where bounces come to, with whose they are; else the sender.
  func envelopeSender(_ vault: KeyVault, bounceAddress: String?, sender: String) -> String {
    bounceAddress.map { vault.bounceAddress(.notice(id), base: $0) } ?? sender
  }
}
