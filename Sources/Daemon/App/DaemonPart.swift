import Market
import Outbound
import Redis

/// What one process of `gkmd serve` does. Each part can run in a process of its own.
package enum DaemonPart: String, CaseIterable, Sendable {
  /// `POST /webhooks/stripe`
  case intake
  /// `POST /v1/checkout`, the catalogue, and the release of stock that nobody paid.
  case checkout
  /// The order page.
  case pages
  /// Applying events and delivering keys.
  case workers
  /// Holding what Stripe says against what we know.
  case reconcile

  /// Whether it answers requests.
  var servesHTTP: Bool { self != .workers && self != .reconcile }
}

extension Configuration {
  /// What the parts need and nobody has set, or has set to what cannot be used: one sentence for each.
  package func missing(for parts: Set<DaemonPart>) -> [ConfigurationProblem] {
    var problems: [ConfigurationProblem] = []
    func demand(_ isThere: Bool, _ sentence: String) {
      if !isThere { problems.append(ConfigurationProblem(place: "configuration", message: sentence)) }
    }
    demand(redis.url != nil, "redis.url is not set: REDIS_URL, redis.url_file or the credential redis_url")
    problems += unusable(for: parts).map { ConfigurationProblem(place: "configuration", message: $0) }
    if parts.contains(.intake) {
      demand(
        !stripe.webhookSecrets.isEmpty,
        "stripe.webhook_secret is not set: STRIPE_WEBHOOK_SECRET, stripe.webhook_secret_file or the credential"
          + " stripe_webhook_secret")
    }
    if !parts.isDisjoint(with: [.checkout, .workers, .reconcile]) {
      demand(
        stripe.apiKey != nil,
        "stripe.api_key is not set: STRIPE_API_KEY, stripe.api_key_file or the credential stripe_api_key")
    }
    if !parts.isDisjoint(with: [.checkout, .pages, .workers]) {
      demand(
        keys.masterKey != nil,
        "keys.master_key is not set: GKM_MASTER_KEY_FILE, keys.master_key_file or the credential master_key")
    }
    if parts.contains(.workers) {
      demand(mail.url != nil, "mail.url is not set: SMTP_URL, mail.url_file or the credential smtp_url")
    }
    return problems
  }

  private func unusable(for parts: Set<DaemonPart>) -> [String] {
    var sentences: [String] = []
    if let url = redis.url {
      do throws(RedisError) { _ = try RedisConfiguration(url: url.text) } catch {
        sentences.append("redis.url: \(error.message)")
      }
    }
    if let url = redis.accessURL {
      do throws(RedisError) { _ = try RedisConfiguration(url: url.text) } catch {
        sentences.append("redis.access_url: \(error.message)")
      }
    }
    if let url = mail.url, parts.contains(.workers) {
      do throws(OutboundError) { _ = try SMTPConfiguration(url: url.text) } catch {
        sentences.append("mail.url: \(error.message)")
      }
    }
    if let key = keys.masterKey {
      do throws(VaultError) { _ = try MasterKey(file: key.bytes) } catch {
        sentences.append("keys.master_key: \(error)")
      }
    }
    return sentences
  }
}
