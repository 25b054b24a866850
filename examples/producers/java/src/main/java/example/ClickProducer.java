package example;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.UUID;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A click of a visitor, with Kafka's own client and plain Avro. The framing is what Confluent's serializer writes: byte 0, the schema
 * id in four bytes, the Avro body. Needs KAFKA_BROKERS and REGISTRY_URL; TOPIC_PREFIX stands before the topic's name.
 */
public final class ClickProducer {
  /** A schema as the registry holds it. */
  record Registered(int id, Schema schema) {}

  public static void main(String[] args) throws Exception {
    Map<String, String> environment = System.getenv();
    String topic = environment.getOrDefault("TOPIC_PREFIX", "") + "clicks";
    Registered contract = latest(environment.get("REGISTRY_URL"), topic + "-value");

    String visitorId = "visitor-7";
    GenericRecord click =
        new GenericRecordBuilder(contract.schema())
            .set("eventId", UUID.randomUUID().toString())
            .set("visitorId", visitorId)
            .set("sessionId", "session-9")
            .set("at", System.currentTimeMillis())
            .set("kind", new GenericData.EnumSymbol(contract.schema().getField("kind").schema(), "view"))
            .set("itemId", "22423")
            .build(); // What is not set gets its default.

    // acks=all, idempotence and the murmur2 partitioner are this client's defaults; said here because they matter.
    Map<String, Object> settings =
        Map.of(
            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, environment.get("KAFKA_BROKERS"),
            ProducerConfig.ACKS_CONFIG, "all",
            ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
      RecordMetadata there = producer.send(new ProducerRecord<>(topic, visitorId, framed(contract, click))).get();
      System.out.printf("%s: 1 event of %s in partition %d at offset %d%n", topic, visitorId, there.partition(), there.offset());
    }
  }

  static byte[] framed(Registered contract, GenericRecord value) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream header = new DataOutputStream(bytes);
    header.writeByte(0);
    header.writeInt(contract.id());
    BinaryEncoder body = EncoderFactory.get().binaryEncoder(bytes, null);
    new GenericDatumWriter<GenericRecord>(contract.schema()).write(value, body);
    body.flush();
    return bytes.toByteArray();
  }

  /** Asked once, at the start. */
  static Registered latest(String registry, String subject) throws IOException, InterruptedException {
    URI address = URI.create(registry + "/subjects/" + subject + "/versions/latest");
    HttpResponse<String> answer =
        HttpClient.newHttpClient().send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) throw new IOException(subject + " is not registered: " + answer.body());
    JsonNode version = new ObjectMapper().readTree(answer.body());
    return new Registered(version.get("id").asInt(), new Schema.Parser().parse(version.get("schema").asText()));
  }
}
