package import Market
package import Postgres

/// Requests for an endpoint's secret: made by a person through `api.webhook_secret`, answered by a daemon.
package enum WebhookSecretRequests {
  package struct Request: Sendable {
    package let id: Int64
    package let endpoint: WebhookEndpointID
    package let generation: Int32
    /// Of the program that asked: X25519, 32 bytes.
    package let publicKey: [UInt8]

    /// What the answer is bound to.
    package var info: String { WebhookSecretRequests.info(id) }
  }

  /// What the answer to a request is bound to, on both sides.
  package static func info(_ request: Int64) -> String { "gkm webhook secret \(request)" }

  /// After so long nobody waits for the answer any more.
  private static let patience = "interval '10 minutes'"

  /// Answers the request of a claimed job inside the caller's transaction; one that is gone or too old is let go of.
  package static func answer(
    _ session: borrowing Session, _ job: ClaimedJob, lease: Lease, _ seal: (Request) throws -> [UInt8]
  ) throws {
    let stamp = try Stamp.now(session)
    let found: (Request, VendorID)? = try session.first(
      """
      SELECT r.id, r.endpoint_id, e.generation, r.public_key, r.vendor_id
      FROM gkm.webhook_secret_request r JOIN gkm.webhook_endpoint e ON e.id = r.endpoint_id
      WHERE r.id = \(Int64(job.subject) ?? 0) AND r.sealed IS NULL AND r.created_at > now() - \(unescaped: patience)
        AND e.state <> 'removed'
      FOR UPDATE OF r
      """
    ) {
      (
        Request(
          id: try $0.int64(0), endpoint: try $0.id(1), generation: try $0.int32(2), publicKey: try $0.bytes(3)),
        try $0.id(4)
      )
    }
    if let (request, vendor) = found {
      var audit = AuditBatch(stamp)
      try audit.add(
        .webhookSecretHanded, .webhook(request.endpoint), vendor: vendor,
        details: ["request": String(request.id), "generation": String(request.generation)])
      try session.pipeline([
        "UPDATE gkm.webhook_secret_request SET sealed = \(try seal(request)) WHERE id = \(request.id)",
        audit.statement,
      ])
    }
    try session.execute("DELETE FROM gkm.webhook_secret_request WHERE created_at < now() - \(unescaped: patience)")
    guard try session.execute(JobQueue.complete([job.id], lease: lease)) == 1 else { throw LeaseLost(jobs: 1) }
  }
}
