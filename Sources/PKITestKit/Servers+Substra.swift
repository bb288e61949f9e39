package import Foundation

/// A gRPC server and client in Python that read certificates as Substra's pods do: from the objects that the charts'
/// values name, mounted where the charts mount them.
///
/// The server demands a client's certificate in TLS, and holds each call to the orchestrator's rule for MSP IDs. PyYAML,
/// grpcio and cryptography do the work: nothing of ours takes part.
package enum SubstraGRPC {
  /// What the server answered, or why it didn't.
  package struct Answer: Sendable {
    /// `OK`, or a status code of gRPC.
    package var status: String
    package var details: String
  }

  /// How a backend calls, apart from what its values file says.
  package struct Call: Sendable {
    package var mspID: String?
    package var host: String?
    package var hasCertificate = true

    package init(mspID: String? = nil, host: String? = nil, hasCertificate: Bool = true) {
      self.mspID = mspID
      self.host = host
      self.hasCertificate = hasCertificate
    }
  }

  /// Starts the orchestrator from its folder: a values file and manifests.
  package static func orchestrator(_ folder: URL) throws -> ServerProcess {
    let directory = try TemporaryDirectory()
    let port = try ServerProcess.freePort()
    let script = try script(in: directory)
    return try ServerProcess(
      .init(
        program: python, arguments: [script, "serve", folder.path, directory.file("mounts").path, "%PORT%"],
        directory: directory), port: port)
  }

  /// Calls as the backend of a folder.
  package static func call(_ folder: URL, port: Int, _ call: Call = Call()) throws -> Answer {
    let directory = try TemporaryDirectory()
    let output = try Tool.require(
      python,
      [
        script(in: directory), "call", folder.path, directory.file("mounts").path, "\(port)", call.mspID ?? "",
        call.host ?? "", call.hasCertificate ? "pair" : "none",
      ])
    let words = output.text.split(separator: " ", maxSplits: 1)
    return Answer(
      status: words.first.map(String.init) ?? "", details: words.dropFirst().first.map(String.init) ?? "")
  }

  /// Python with the packages that scripts/install-tools puts beside the build. The path isn't standardised: `python` is
  /// a link, and finds its packages by the link's own place.
  private static let python: String = {
    let root = (0..<3).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
    return root.path + "/.build-tools/bin/python"
  }()

  private static func script(in directory: TemporaryDirectory) throws -> String {
    let file = directory.file("substra.py")
    try Data(source.utf8).write(to: file)
    return file.path
  }

  private static let source = #"""
    import base64, os, sys
    from concurrent import futures
    import grpc, yaml
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    METHOD = "/orchestrator.OrganizationService/GetAllOrganizations"

    def read(path):
        with open(path, "rb") as file:
            return file.read()

    def write(folder, name, data):
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)

    class Folder:
        """What an operator would put into the cluster and give to Helm."""
        def __init__(self, path):
            self.objects, self.values = {}, None
            for name in sorted(os.listdir(path)):
                if name.endswith(".yaml"):
                    document = yaml.safe_load(read(os.path.join(path, name)))
                    if document.get("kind") in ("Secret", "ConfigMap"):
                        self.objects[(document["kind"], document["metadata"]["name"])] = document
                    else:
                        self.values = document

        def secret(self, name):
            data = self.objects[("Secret", name)]["data"]
            return {key: base64.b64decode(value) for key, value in data.items()}

        def mount(self, name, folder):
            for key, data in self.secret(name).items():
                write(folder, key, data)

    def orchestrator(folder, mounts):
        settings = folder.values["orchestrator"]
        tls = settings["tls"]
        assert tls["enabled"] is True and tls["mtls"]["enabled"] is True
        folder.mount(tls["secrets"]["pair"], mounts + "/pair")
        folder.mount(tls["cacert"], mounts + "/cacert")
        for org, names in tls["mtls"]["clientCACerts"].items():
            assert isinstance(names, list)
            for name in names:
                write(mounts + "/client/" + org, name + ".crt", folder.secret(name)["ca.crt"])
        return settings["verifyClientMSPID"]

    def key_identifiers(mounts):
        """Of each file of each organization, the subject key identifier of the first certificate."""
        found = {}
        for org in os.listdir(mounts + "/client"):
            for name in os.listdir(mounts + "/client/" + org):
                first = x509.load_pem_x509_certificates(read(mounts + "/client/" + org + "/" + name))[0]
                identifier = first.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
                found.setdefault(org, []).append(identifier)
        return found

    def authority_key(certificate):
        try:
            value = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
            return value.key_identifier
        except x509.ExtensionNotFound:
            return b""

    def refusal(context, organizations):
        header = [value for key, value in context.invocation_metadata() if key == "mspid"]
        if len(header) != 1:
            return "missing or invalid header"
        peer = context.auth_context()
        chain = x509.load_pem_x509_certificates(b"".join(peer.get("x509_pem_cert_chain", peer["x509_pem_cert"])))
        names = [a.value for a in chain[0].subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
        if header[0] not in names:
            return "not an organization of the certificate: " + header[0]
        if header[0] not in organizations:
            return "not an allowed organization: " + header[0]
        if not any(authority_key(c) in organizations[header[0]] for c in chain):
            return "invalid issuer"
        return None

    def serve(path, mounts, port):
        verifies = orchestrator(Folder(path), mounts)
        organizations = key_identifiers(mounts)
        roots = read(mounts + "/cacert/ca.crt")
        for org in os.listdir(mounts + "/client"):
            for name in os.listdir(mounts + "/client/" + org):
                roots += read(mounts + "/client/" + org + "/" + name)
        def answer(request, context):
            reason = refusal(context, organizations) if verifies else None
            if reason:
                context.abort(grpc.StatusCode.PERMISSION_DENIED, reason)
            return b"answer to " + request
        handler = grpc.method_handlers_generic_handler(
            "orchestrator.OrganizationService",
            {"GetAllOrganizations": grpc.unary_unary_rpc_method_handler(answer)})
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
        server.add_generic_rpc_handlers((handler,))
        pair = [(read(mounts + "/pair/tls.key"), read(mounts + "/pair/tls.crt"))]
        server.add_secure_port(
            "127.0.0.1:" + port, grpc.ssl_server_credentials(pair, root_certificates=roots, require_client_auth=True))
        server.start()
        sys.stdin.read()

    def call(path, mounts, port, mspid, host, certificate):
        folder = Folder(path)
        settings = folder.values["orchestrator"]
        tls = settings["tls"]
        assert tls["enabled"] is True and tls["mtls"]["enabled"] is True
        folder.mount(tls["cacert"], mounts + "/server")
        pair = (None, None)
        if certificate == "pair":
            folder.mount(tls["mtls"]["clientCertificate"], mounts + "/client")
            pair = (read(mounts + "/client/tls.key"), read(mounts + "/client/tls.crt"))
        credentials = grpc.ssl_channel_credentials(read(mounts + "/server/ca.crt"), *pair)
        # The test's stand-in for DNS: the name that is verified stays the one that the values dial.
        options = [("grpc.ssl_target_name_override", host or settings["host"])]
        with grpc.secure_channel("127.0.0.1:" + port, credentials, options) as channel:
            try:
                reply = channel.unary_unary(METHOD)(
                    b"call", metadata=[("mspid", mspid or settings["mspID"])], timeout=120)
                print("OK", reply.decode())
            except grpc.RpcError as error:
                print(error.code().name, error.details())

    {"serve": serve, "call": call}[sys.argv[1]](*sys.argv[2:])
    """#
}
