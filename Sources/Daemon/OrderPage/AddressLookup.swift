import Logging
import Market
import Postgres
import Store

/// Codes that prove an address, for the pages and the API alike.
///
/// What is answered to a request for a code, and how long that takes, is the same whether or not the address has an
/// order: nobody learns from it who bought here.
struct AddressLookup: Sendable {
  private let pool: PostgresPool
  private let codes: AddressCodes
  private let vault: KeyVault
  private let publicURL: String
  private let wake: @Sendable (JobKind) -> Void

  /// What a request takes at least: longer than the work behind it, which differs.
  private static let leastTime = Duration.milliseconds(250)

  init(pool: PostgresPool, vault: KeyVault, publicURL: String, wake: @escaping @Sendable (JobKind) -> Void) {
    self.pool = pool
    self.vault = vault
    self.publicURL = publicURL
    self.wake = wake
    codes = AddressCodes(vault: vault)
  }

  /// An order that was found, with the link to its page.
  struct Found: Sendable {
    let order: AddressCodes.Order
    let page: String
  }

  /// Has a code mailed to the address, if there is an order of it.
  func request(_ address: String) async throws -> AddressCodeRequest {
    let end = ContinuousClock.now + Self.leastTime
    var random = SystemRandomNumberGenerator()
    let nonce = random.bytes(AddressCodeRequest.nonceByteCount)
    let codes = codes
    let request = try await pool.write { try codes.request($0, address: address, nonce: nonce) }
    wake(.notify)
    try await Task.sleep(until: end, clock: .continuous)
    return request
  }

  /// The orders of the address that the code proves; `nil` where it proves none.
  func orders(_ request: String, code: String) async throws -> [Found]? {
    let end = ContinuousClock.now + Self.leastTime
    guard let request = AddressCodeRequest(request) else {
      try await Task.sleep(until: end, clock: .continuous)
      return nil
    }
    let codes = codes
    let orders = try await pool.write { try codes.orders($0, request, code: code) }
    guard let orders else {
      try await Task.sleep(until: end, clock: .continuous)
      return nil
    }
    return orders.map { order in
      let token = vault.token(order: order.id, generation: order.tokenGeneration)
      return Found(order: order, page: token.link(base: publicURL))
    }
  }
}
