import HTTPTypes
import Hummingbird
import Logging
import Market
import Postgres
import Store
import Stripe

/// `POST /webhooks/stripe`
struct WebhookRoute: Sendable {
  let intake: WebhookIntake
  let settings: IntakeSettings
  let http: HTTPSettings
  let budget: BodyBudget
  let telemetry: Telemetry

  func add(to router: Router<WebContext>, _ table: EndpointTable) {
    table.add(.webhook, to: router) { try await receive($0.request) }
  }

  private func receive(_ request: Request) async throws -> Response {
    // Several headers of that name are one, parted by commas: the verifier reads it so.
    let signature = request.headers[.stripeSignature]
    do {
      let answer = try await request.withBody(
        limitBytes: settings.bodyLimitBytes, timeout: http.bodyTimeout, budget: budget
      ) { await intake.receive(body: $0, signature: signature) }
      switch answer {
      case .received: return Response(status: .ok)
      case .unavailable: return Problem.unavailable.response
      case .badSignature(let check): throw Problem(check)
      }
    } catch let problem as Problem where problem.status == 413 {
      telemetry.count(Telemetry.IntakeOutcome.tooLarge)
      throw problem
    }
  }
}

extension Problem {
  /// Why a webhook was not believed.
  init(_ check: SignatureCheck) {
    let (code, detail): (String, String) =
      switch check {
      case .valid: ("VALID", "The signature is valid.")
      case .missing: ("SIGNATURE_MISSING", "There is no Stripe-Signature header.")
      case .malformed(let reason): ("SIGNATURE_MALFORMED", "The Stripe-Signature header cannot be read: \(reason).")
      case .noMatch: ("SIGNATURE_MISMATCH", "No signature of this body by a known secret was found.")
      case .tooOld: ("SIGNATURE_TOO_OLD", "The signature's time lies too far in the past.")
      case .tooNew: ("SIGNATURE_TOO_NEW", "The signature's time lies in the future.")
      }
    self.init(400, code, detail)
  }
}
