import Foundation

extension ServerProcess {
  /// What a router offers to the one backend that it dials.
  package struct Upstream: Sendable {
    package var port: Int
    /// The host of the endpoint, which the backend's certificate must name.
    package var name: String
    package var trust: String
    /// Files with PEM; nil for a router that has no certificate to offer.
    package var certificate: String?
    package var key: String?
    package var protocols = "TLSv1.2 TLSv1.3"
    package var ciphers = "DEFAULT"

    package init(port: Int, name: String, trust: String, certificate: String?, key: String?) {
      self.port = port
      self.name = name
      self.trust = trust
      self.certificate = certificate
      self.key = key
    }
  }

  /// nginx in the router's place: it takes plain HTTP, and dials a backend over mutual TLS.
  package static func nginxRouter(_ upstream: Upstream) throws -> ServerProcess {
    let directory = try TemporaryDirectory()
    let port = try freePort()
    var identity = ""
    if let certificate = upstream.certificate, let key = upstream.key {
      identity = "proxy_ssl_certificate \(certificate); proxy_ssl_certificate_key \(key);"
    }
    let configuration = """
      daemon off; master_process off; pid nginx.pid; error_log stderr info;
      events {}
      http {
        access_log off;
        client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fcgi; uwsgi_temp_path uwsgi;
        scgi_temp_path scgi;
        server {
          listen 127.0.0.1:\(port);
          location / {
            proxy_pass https://127.0.0.1:\(upstream.port);
            proxy_ssl_verify on; proxy_ssl_verify_depth 4; proxy_ssl_trusted_certificate \(upstream.trust);
            proxy_ssl_name \(upstream.name); proxy_ssl_server_name on; proxy_ssl_session_reuse off;
            proxy_ssl_protocols \(upstream.protocols); proxy_ssl_ciphers \(upstream.ciphers);
            \(identity)
          }
        }
      }
      """
    try Data(configuration.utf8).write(to: directory.file("nginx.conf"))
    let arguments = ["-e", "stderr", "-p", directory.path, "-c", directory.file("nginx.conf").path]
    return try ServerProcess(Launch(program: nginxProgram, arguments: arguments, directory: directory), port: port)
  }

  /// An HTTPS server of Java's own, which lets in whom its trust store vouches for.
  /// - Parameters:
  ///   - keyStore: PKCS#12 with its key pair.
  ///   - trustStore: a JKS or PKCS#12 file; both have this password.
  package static func java(keyStore: String, trustStore: String, password: String) throws -> ServerProcess {
    let directory = try TemporaryDirectory()
    try Data(javaServer.utf8).write(to: directory.file("Server.java"))
    let arguments = [
      "-Xshare:auto", "-XX:TieredStopAtLevel=1", "Server.java", "%PORT%", keyStore, trustStore, password,
    ]
    return try ServerProcess(Launch(program: "java", arguments: arguments, directory: directory), port: freePort())
  }

  private static let javaServer = """
    import com.sun.net.httpserver.*;
    import java.io.*;
    import java.net.InetSocketAddress;
    import java.security.KeyStore;
    import javax.net.ssl.*;

    public class Server {
      public static void main(String[] args) throws Exception {
        char[] password = args[3].toCharArray();
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(KeyStore.getInstance(new File(args[1]), password), password);
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(KeyStore.getInstance(new File(args[2]), password));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        HttpsServer server = HttpsServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context) {
          @Override public void configure(HttpsParameters parameters) {
            SSLParameters settings = context.getDefaultSSLParameters();
            settings.setNeedClientAuth(true);
            parameters.setSSLParameters(settings);
          }
        });
        server.createContext("/", exchange -> {
          byte[] body = (((HttpsExchange) exchange).getSSLSession().getPeerPrincipal() + "\\n").getBytes();
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
        server.start();
      }
    }
    """
}
