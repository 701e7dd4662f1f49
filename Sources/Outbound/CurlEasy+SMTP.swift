internal import CCurl

extension CurlEasy {
  /// Connects to a mail server and logs in, then leaves the connection to us.
  func prepare(for configuration: SMTPConfiguration) {
    let scheme = configuration.security == .implicit ? "smtps" : "smtp"
    let name = configuration.greetingName.map { "/\($0)" } ?? ""
    set(CURLOPT_URL, "\(scheme)://\(configuration.bracketedHost):\(configuration.port)\(name)")
    set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
    set(CURLOPT_CONNECT_ONLY, 1)
    set(CURLOPT_TIMEOUT_MS, milliseconds: configuration.connectTimeout)
    set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds: configuration.connectTimeout)
    switch configuration.security {
    case .required, .implicit: set(CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue))
    case .ifAvailable: set(CURLOPT_USE_SSL, Int(CURLUSESSL_TRY.rawValue))
    case .none: set(CURLOPT_USE_SSL, Int(CURLUSESSL_NONE.rawValue))
    }
    if let authorities = configuration.authorities { set(CURLOPT_CAINFO, authorities) }
    if let user = configuration.user, let password = configuration.password {
      set(CURLOPT_USERNAME, user)
      set(CURLOPT_PASSWORD, password)
      set(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN;AUTH=CRAM-MD5")
      set(CURLOPT_SASL_IR, 1)
    }
  }
}
