package foothold.peer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.SerializedString;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Writes one record's JSON after the other into one buffer. Not thread-safe. */
final class Json {
  /** Member names, encoded once. */
  static final class Name {
    private final SerializableString text;

    Name(String text) {
      this.text = new SerializedString(text);
    }
  }

  private final JsonFactory factory = new JsonFactory();
  private final ByteArrayOutputStream buffer = new ByteArrayOutputStream(4096);
  private final char[] time = new char[24];
  private JsonGenerator generator;

  /** What writing into memory cannot throw. */
  private interface Write {
    void run() throws IOException;
  }

  private Json run(Write write) {
    try {
      write.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  Json begin() {
    buffer.reset();
    return run(
        () -> {
          generator = factory.createGenerator(buffer);
          generator.writeStartObject();
        });
  }

  byte[] end() {
    run(
        () -> {
          generator.writeEndObject();
          generator.close();
        });
    return buffer.toByteArray();
  }

  private void name(Name name) throws IOException {
    if (name != null) {
      generator.writeFieldName(name.text);
    }
  }

  /** An object; null for the name of an element of an array. */
  Json beginObject(Name name) {
    return run(
        () -> {
          name(name);
          generator.writeStartObject();
        });
  }

  Json endObject() {
    return run(() -> generator.writeEndObject());
  }

  Json beginArray(Name name) {
    return run(
        () -> {
          name(name);
          generator.writeStartArray();
        });
  }

  Json endArray() {
    return run(() -> generator.writeEndArray());
  }

  /** null and "" are written as null. */
  Json text(Name name, String value) {
    return run(
        () -> {
          name(name);
          if (value == null || value.isEmpty()) {
            generator.writeNull();
          } else {
            generator.writeString(value);
          }
        });
  }

  Json text(Name name, byte[] utf8) {
    return text(name, new String(utf8, StandardCharsets.UTF_8));
  }

  Json number(Name name, long value) {
    return run(
        () -> {
          name(name);
          generator.writeNumber(value);
        });
  }

  Json number(Name name, double value) {
    return run(
        () -> {
          name(name);
          generator.writeNumber(value);
        });
  }

  Json none(Name name) {
    return run(
        () -> {
          name(name);
          generator.writeNull();
        });
  }

  Json time(Name name, long at) {
    return run(
        () -> {
          name(name);
          if (at == Times.NONE) {
            generator.writeNull();
          } else {
            Times.format(at, time);
            generator.writeString(time, 0, time.length);
          }
        });
  }
}
