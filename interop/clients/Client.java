// Java's HttpClient, which offers HTTP/2 by Upgrade in every request. `java Client.java [1.1] PLAN`, the plan as lines of tabs
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;

public class Client {
    static BodyPublisher publisher(String body, String flags) throws Exception {
        if (body.isEmpty()) return BodyPublishers.noBody();
        byte[] data = Files.readAllBytes(Path.of(body));
        if (!flags.contains("chunked")) return BodyPublishers.ofByteArray(data);
        return BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(data));
    }

    static void run(HttpClient client, String base, String[] columns) throws Exception {
        String id = columns[1], method = columns[2], target = columns[3], body = columns[4], flags = columns[5];
        var request = HttpRequest.newBuilder(URI.create(base + target))
                .timeout(Duration.ofSeconds(20))
                .method(method, publisher(body, flags))
                .expectContinue(flags.contains("expect"))
                .build();
        try {
            HttpResponse<byte[]> response = client.send(request, BodyHandlers.ofByteArray());
            byte[] content = response.body();
            if (content.length > 0 && response.headers().firstValue("content-encoding").orElse("").equals("gzip"))
                content = new GZIPInputStream(new ByteArrayInputStream(content)).readAllBytes();
            String sum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
            System.out.printf("{\"id\":\"%s\",\"status\":%d,\"got\":\"%s\",\"length\":%d,\"sha256\":\"%s\"}%n", id,
                    response.statusCode(), response.headers().firstValue("x-got").orElse(""), content.length, sum);
        } catch (Exception error) {
            String message = String.valueOf(error.getMessage()).replace('"', '\'');
            System.out.printf("{\"id\":\"%s\",%s}%n", id,
                    flags.contains("abort") ? "\"aborted\":true" : "\"error\":\"" + message + "\"");
        }
    }

    public static void main(String[] args) throws Exception {
        var version = args.length > 1 ? HttpClient.Version.HTTP_1_1 : HttpClient.Version.HTTP_2;
        var client = HttpClient.newBuilder().version(version).build();
        String base = null;
        for (String line : Files.readAllLines(Path.of(args[args.length - 1]))) {
            if (base == null) base = "http://" + line;
            else run(client, base, line.split("\t", -1));
        }
    }
}
