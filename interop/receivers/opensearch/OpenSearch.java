import java.util.List;
import java.util.Map;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

/** `java -cp 'JARS/*' OpenSearch.java FOLDER PORT`: a node of OpenSearch on loopback, which keeps its data in the folder. */
class OpenSearch extends Node {
  OpenSearch(Settings settings) {
    super(InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> "node"), List.of(Netty4Plugin.class), false);
  }

  public static void main(String[] arguments) throws Exception {
    Settings settings = Settings.builder()
        .put("path.home", arguments[0])
        .put("network.host", "127.0.0.1")
        .put("http.port", arguments[1])
        .put("discovery.type", "single-node")
        // A disk that is nearly full is no reason to refuse a few messages.
        .put("cluster.routing.allocation.disk.threshold_enabled", false)
        .build();
    new OpenSearch(settings).start();
    Thread.currentThread().join();
  }
}
