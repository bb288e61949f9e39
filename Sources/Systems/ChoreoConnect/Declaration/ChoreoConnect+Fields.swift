package import Formats

extension ChoreoConnect {
  package static let fields: [Field] = [
    Field("authority", .object(AuthorityDeclaration.fields), "An authority of its own, which wins over the fleet's."),
    Field("router", .object(routerFields + Schema.nodeFields), required: true, "Router, adapter and enforcer."),
    Field(
      "backends", .list(.object(backendFields + Schema.nodeFields)), required: true,
      "The servers that the router dials."),
  ]

  private static let routerFields: [Field] = [
    Field(
      "home", .text(.path), required: true, "The distribution's folder that holds resources, such as docker-compose."),
    Field("hosts", .list(.text(.host)), "Names in the certificate, beside router, adapter, enforcer and localhost."),
    Field(
      "trust", .choice(TrustPlacement.allCases.map(\.rawValue)),
      "Where the router finds the backends' authorities: in each API's project, in its params.yaml, or in the global "
        + "bundle; project."),
    Field(
      "tls",
      .object([
        Field("min", .choice(TLSVersion.allCases.map(\.rawValue)), "The lowest version that is offered; TLS1_2."),
        Field("max", .choice(TLSVersion.allCases.map(\.rawValue)), "The highest version that is offered; TLS1_3."),
        Field("ciphers", .list(.text(.any)), "OpenSSL's names of the TLS 1.2 suites; empty leaves them as they are."),
      ]), "What the router offers to backends."),
    Field(
      "config", .text(.path), "The config.toml, or the ConfigMap's manifest that holds it, where it isn't below home."),
    Field("bundle", .text(.path), "The global bundle that the router's container sees, for trust: global."),
    Field("environment", .text(.any), "The environment of apictl that APIs are deployed to; dev."),
    Field(
      "kubernetes", .object([Field("namespace", .text(.label), required: true, "The namespace of its deployments.")]),
      "Secrets and a ConfigMap instead of files below home."),
  ]

  private static let backendFields: [Field] = [
    Field("endpoint", .text(.any), required: true, "The URL that the router dials, as the API's definition has it."),
    Field("api", .text(.any), "The API whose backend it is."),
    Field("project", .text(.path), "The API's project folder, where it isn't the API's name."),
    Field("params", .text(.path), "The params.yaml of the API, for trust: params."),
    Field("selfSigned", .flag, "Its certificate vouches for itself, and no authority signs it."),
    Field(
      "truststore",
      .object([
        Field("path", .text(.path), required: true, "A JKS or PKCS#12 file, made where it is missing."),
        Field("passwordFile", .text(.path), required: true, "The file that holds its password."),
      ]), "The store of a Java server, in which the router becomes trusted."),
    Field("bundle", .text(.path), "The PEM bundle of its trusted clients, such as ca-certificates.crt."),
    Field(
      "accepts", .choice(Backend.Accepted.allCases.map(\.rawValue)),
      "Whom it lets in: clients of the router's authority, or this very certificate, in a Java store only; authority."),
  ]
}
