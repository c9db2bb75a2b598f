// Java's own HttpServer. `java Server.java PORT`
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.Executors;
import java.util.zip.GZIPOutputStream;

public class Server {
    static final int PIECE_BYTES = 4000;

    static String sha256(byte[] data) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
    }

    static byte[] content(String id, int size) {
        byte[] line = (id + "\n").getBytes();
        byte[] made = new byte[size];
        for (int at = 0; at < size; at++) made[at] = line[at % line.length];
        return made;
    }

    static byte[] gzip(byte[] data) throws IOException {
        var packed = new ByteArrayOutputStream();
        try (var out = new GZIPOutputStream(packed)) {
            out.write(data);
        }
        return packed.toByteArray();
    }

    static void answer(HttpExchange exchange) throws Exception {
        String[] parts = exchange.getRequestURI().getPath().split("/");
        String id = parts[1], kind = parts[2];
        int number = Integer.parseInt(parts[3]);
        byte[] upload = exchange.getRequestBody().readAllBytes();
        var headers = exchange.getResponseHeaders();
        headers.set("x-got", id);
        headers.set("x-got-length", String.valueOf(upload.length));
        headers.set("x-got-sha256", sha256(upload));
        if (kind.equals("status")) {
            exchange.sendResponseHeaders(number, -1);
            return;
        }
        byte[] body = kind.equals("echo") ? upload : content(id, number);
        headers.set("x-length", String.valueOf(body.length));
        headers.set("x-sha256", sha256(body));
        headers.set("content-type", "application/octet-stream");
        if (kind.startsWith("gzip")) {
            headers.set("content-encoding", "gzip");
            body = gzip(body);
        }
        if (exchange.getRequestMethod().equals("HEAD")) {
            headers.set("content-length", String.valueOf(body.length));
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        boolean isChunked = kind.equals("chunked") || kind.equals("gzip-chunked");
        // 0 means chunked here, -1 nothing.
        exchange.sendResponseHeaders(200, isChunked ? 0 : body.length == 0 ? -1 : body.length);
        try (var out = exchange.getResponseBody()) {
            for (int at = 0; at < body.length; at += PIECE_BYTES) {
                out.write(Arrays.copyOfRange(body, at, Math.min(at + PIECE_BYTES, body.length)));
                if (isChunked) out.flush();
            }
        }
    }

    public static void main(String[] args) throws IOException {
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 128);
        server.setExecutor(Executors.newFixedThreadPool(16));
        server.createContext("/", exchange -> {
            try {
                answer(exchange);
            } catch (Exception gone) {
                // A client went away, which some are meant to.
            } finally {
                exchange.close();
            }
        });
        server.start();
    }
}
