import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.StringJoiner;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * Java's own TLS on either side of a router under test. What happens is told as JSON, an object a line.
 *
 *     serve  TRUST STORE                            answers requests of HTTP/1.1 to whom TRUST vouches for
 *     socket TRUST STORE PORT COUNT TLS [insist]    says something and awaits its echo
 *     http   TRUST STORE PORT COUNT HTTP [insist]   posts a megabyte and tells the answer
 *
 * TRUST and STORE are key stores; STORE is "none" for a client without a certificate. COUNT is how often, on a
 * connection each.
 */
public class JavaPeer {
  private static final char[] PASSWORD = "changeit".toCharArray();
  /** Seconds. What takes longer has failed, however slow the machine is. */
  private static final int PATIENCE = 180;

  public static void main(String[] words) throws Exception {
    SSLContext context = context(words[1], words[2], words.length > 6);
    if (words[0].equals("serve")) { serve(context); }
    int port = Integer.parseInt(words[3]);
    for (int count = Integer.parseInt(words[4]); count > 0; count--) {
      try {
        if (words[0].equals("socket")) { socket(context, port, words[5]); } else { http(context, port, words[5]); }
      } catch (IOException error) {
        say("outcome", "refused", "detail", error.toString());
      }
    }
    // The threads of the HTTP clients would wait for more.
    System.exit(0);
  }

  private static SSLContext context(String trusted, String own, boolean insists) throws Exception {
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(KeyStore.getInstance(new File(trusted), PASSWORD));
    KeyManager[] managers = {};
    if (!own.equals("none")) {
      KeyStore store = KeyStore.getInstance(new File(own), PASSWORD);
      KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
      keys.init(store, PASSWORD);
      managers = keys.getKeyManagers();
      if (insists) {
        managers[0] = new Insistent((X509ExtendedKeyManager) managers[0], store.aliases().nextElement());
      }
    }
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers, trust.getTrustManagers(), null);
    return context;
  }

  // Backend

  private static void serve(SSLContext context) throws IOException {
    SSLServerSocket listener = (SSLServerSocket) context.getServerSocketFactory()
        .createServerSocket(0, 128, InetAddress.getLoopbackAddress());
    listener.setNeedClientAuth(true);
    say("event", "listening", "port", listener.getLocalPort());
    while (true) {
      SSLSocket socket = (SSLSocket) listener.accept();
      new Thread(() -> {
        try (socket) {
          answer(socket);
        } catch (IOException error) {
          say("event", "cut", "detail", error.toString());
        }
      }).start();
    }
  }

  private static void answer(SSLSocket socket) throws IOException {
    socket.startHandshake();
    String peer = socket.getSession().getPeerPrincipal().getName();
    say("event", "client", "detail", peer, "version", socket.getSession().getProtocol());
    var lines = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (!line.isEmpty()) { continue; }
      String head = "HTTP/1.1 200 OK\r\nContent-Length: " + peer.length() + "\r\n\r\n";
      socket.getOutputStream().write((head + peer).getBytes(StandardCharsets.US_ASCII));
    }
  }

  // Clients

  private static void socket(SSLContext context, int port, String version) throws IOException {
    try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", port)) {
      socket.setSoTimeout(PATIENCE * 1000);
      SSLParameters settings = socket.getSSLParameters();
      settings.setEndpointIdentificationAlgorithm("HTTPS");
      settings.setProtocols(new String[] {version});
      socket.setSSLParameters(settings);
      byte[] text = "hello".getBytes(StandardCharsets.US_ASCII);
      socket.getOutputStream().write(text);
      String answer = new String(socket.getInputStream().readNBytes(text.length), StandardCharsets.US_ASCII);
      String outcome = answer.equals("hello") ? "answered" : "ended";
      say("outcome", outcome, "detail", answer, "version", socket.getSession().getProtocol());
    }
  }

  /** A client for each request: they share the context, and so its sessions, but no connection. */
  private static void http(SSLContext context, int port, String version) throws Exception {
    HttpClient client = HttpClient.newBuilder()
        .sslContext(context).version(HttpClient.Version.valueOf(version)).build();
    HttpRequest request = HttpRequest.newBuilder(URI.create("https://localhost:" + port + "/java"))
        .timeout(Duration.ofSeconds(PATIENCE))
        .POST(HttpRequest.BodyPublishers.ofString("x".repeat(1_000_000))).build();
    HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
    say("outcome", "" + answer.statusCode(), "version", answer.version().name(), "detail", answer.body());
  }

  /** Presents its certificate whatever authorities are asked for; Java alone would present none. */
  private static class Insistent extends X509ExtendedKeyManager {
    private final X509ExtendedKeyManager keys;
    private final String alias;

    Insistent(X509ExtendedKeyManager keys, String alias) {
      this.keys = keys;
      this.alias = alias;
    }

    @Override public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) { return alias; }

    @Override public String chooseEngineClientAlias(String[] types, Principal[] issuers, SSLEngine engine) {
      return alias;
    }

    @Override public X509Certificate[] getCertificateChain(String name) { return keys.getCertificateChain(name); }

    @Override public PrivateKey getPrivateKey(String name) { return keys.getPrivateKey(name); }

    @Override public String[] getClientAliases(String type, Principal[] issuers) { return new String[] {alias}; }

    @Override public String[] getServerAliases(String type, Principal[] issuers) { return null; }

    @Override public String chooseServerAlias(String type, Principal[] issuers, Socket socket) { return null; }
  }

  // Words

  private static synchronized void say(Object... facts) {
    StringJoiner pairs = new StringJoiner(", ", "{", "}");
    for (int index = 0; index < facts.length; index += 2) {
      Object fact = facts[index + 1];
      pairs.add(quoted(facts[index]) + ": " + (fact instanceof Integer ? fact : quoted(fact)));
    }
    System.out.println(pairs);
  }

  private static String quoted(Object text) {
    return '"' + text.toString().replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
  }
}
