package import Market

/// A delivery whose attempt is committed as `prepared`: all that sending it needs. The key is still sealed.
package struct PreparedDelivery: Sendable {
  package let job: JobID
  package let lease: Lease
  package let delivery: DeliveryID
  /// The attempt's number and the moment it was prepared: together with the delivery they name its row.
  package let attempt: Int
  package let preparedAt: Instant
  /// Attempts since a person last asked for more, this one included.
  package let attemptInRound: Int
  package let order: OrderID
  package let orderNumber: String
  package let paidAt: Instant?
  package let tokenGeneration: Int32
  package let unit: OrderUnitID
  /// From 1, among all units of the order.
  package let position: Int
  package let unitsTotal: Int
  package let vendor: VendorID
  package let email: String
  package let name: String?
  package let locale: String
  package let title: String
  package let platform: String
  /// With its angle brackets.
  package let messageID: String
  package let place: SealedUnitPlace
  package let dataKey: DataKeyID
  package let sealed: SealedUnit
}
