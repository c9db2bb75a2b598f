// Java's HttpClient for the rows of bulk.mjs: 100 streams at once on one connection. `java Exchanges.java PORT COUNT h2c|h2`; without TLS it
// offers HTTP/2 by Upgrade.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

public class Exchanges {
    static final int STREAMS = 100;

    /** As bulk/content.mjs has it. */
    static byte[] messageOf(int n) {
        byte[] unit = (n + " ä€ ").getBytes(StandardCharsets.UTF_8);
        int size = n % 97 == 0 ? 0 : n % 1009 == 0 ? 70_000 : n * 31 % 400;
        byte[] bytes = new byte[(size + unit.length - 1) / unit.length * unit.length];
        for (int at = 0; at < bytes.length; at++) {
            bytes[n % 5 == 0 ? bytes.length - 1 - at : at] = unit[at % unit.length];
        }
        return bytes;
    }

    static boolean isRight(HttpResponse<byte[]> response, int n, int sent) {
        var headers = response.headers();
        return response.version() == HttpClient.Version.HTTP_2
                && headers.firstValue("x-number").orElse("").equals(String.valueOf(n))
                && headers.firstValue("x-got").orElse("").equals(String.valueOf(sent))
                && Arrays.equals(response.body(), messageOf(7 * n + 3));
    }

    /** The certificate is made for the run. */
    static SSLContext trusting() throws Exception {
        var any = new X509TrustManager() {
            public void checkClientTrusted(X509Certificate[] chain, String type) {}

            public void checkServerTrusted(X509Certificate[] chain, String type) {}

            public X509Certificate[] getAcceptedIssuers() {
                return new X509Certificate[0];
            }
        };
        var context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {any}, null);
        return context;
    }

    public static void main(String[] args) throws Exception {
        // Else it checks the name of the host with a trust manager of this kind, too.
        System.setProperty("jdk.internal.httpclient.disableHostnameVerification", "true");
        int count = Integer.parseInt(args[1]);
        boolean secure = args[2].equals("h2");
        String base = (secure ? "https" : "http") + "://127.0.0.1:" + args[0] + "/";
        var builder = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2);
        if (secure) builder.sslContext(trusting());
        var client = builder.build();
        var right = new AtomicInteger();
        var streams = new Semaphore(STREAMS);
        CompletableFuture<?>[] all = new CompletableFuture<?>[count];
        for (int n = 0; n < count; n++) {
            int number = n;
            byte[] sent = messageOf(n);
            var request = HttpRequest.newBuilder(URI.create(base + n))
                    .POST(sent.length == 0 ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(sent))
                    .build();
            streams.acquire();
            all[n] = client.sendAsync(request, BodyHandlers.ofByteArray()).handle((response, error) -> {
                if (error != null) System.err.println(number + ": " + error);
                else if (isRight(response, number, sent.length)) right.incrementAndGet();
                streams.release();
                return null;
            });
            // There is one connection once it has been agreed on.
            if (n == 0) all[n].get();
        }
        CompletableFuture.allOf(all).get();
        System.out.println("{\"right\":" + right.get() + "}");
    }
}
