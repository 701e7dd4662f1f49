import Testing

@testable import Redis

@Suite("A Redis URL")
struct RedisConfigurationTests {
  @Test("names host, port, database and login")
  func tcp() throws {
    let configuration = try RedisConfiguration(url: "redis://daemon:p%40ss%3Aword@redis.example:7000/3?name=gkmd")
    #expect(configuration.address == .tcp(host: "redis.example", port: 7000))
    #expect(configuration.user == "daemon")
    #expect(configuration.password == "p@ss:word")
    #expect(configuration.database == 3)
    #expect(configuration.clientName == "gkmd")
    #expect(configuration.description == "redis://daemon@redis.example:7000/3")
  }

  @Test("may leave nearly everything out")
  func defaults() throws {
    #expect(try RedisConfiguration(url: "redis://").address == .tcp(host: "localhost", port: 6379))
    #expect(try RedisConfiguration(url: "redis://[::1]").address == .tcp(host: "::1", port: 6379))
    let password = try RedisConfiguration(url: "redis://:secret@localhost")
    #expect(password.user == nil)
    #expect(password.password == "secret")
  }

  @Test("names a Unix socket in two ways")
  func unix() throws {
    let plain = try RedisConfiguration(url: "unix:///run/my%20redis.sock?db=2&user=staff&password=x%26y")
    #expect(plain.address == .unix(path: "/run/my redis.sock"))
    #expect(plain.database == 2)
    #expect(plain.user == "staff")
    #expect(plain.password == "x&y")
    let other = try RedisConfiguration(url: "redis+unix://staff:pw@/run/redis.sock")
    #expect(other.address == .unix(path: "/run/redis.sock"))
    #expect(other.password == "pw")
  }

  @Test(
    "that is wrong is refused with a reason that never repeats the password",
    arguments: [
      ("localhost:6379", "no scheme"), ("http://localhost", "unknown scheme http://"),
      ("rediss://u:hunter2@localhost", "TLS tunnel"), ("redis://u:hunter2@localhost:0", "is not a port"),
      ("redis://localhost:99999", "is not a port"), ("redis://localhost/x", "not a Redis database number"),
      ("redis://hunter2@localhost", "no password"), ("unix://relative/path", "absolute socket path"),
      ("redis://localhost?hunter=2", "unknown item"),
    ])
  func wrong(url: String, reason: String) {
    let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
    #expect(error?.kind == .invalid)
    #expect(error?.message.contains(reason) == true)
    #expect(error?.message.contains("hunter2") == false)
  }
}
