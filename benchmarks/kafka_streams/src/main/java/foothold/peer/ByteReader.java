package foothold.peer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Reads what {@link ByteWriter} wrote. Reused; not thread-safe. */
final class ByteReader {
  private byte[] bytes = new byte[0];
  private int at;

  ByteReader over(byte[] value) {
    bytes = value;
    at = 0;
    return this;
  }

  int get() {
    return bytes[at++] & 0xFF;
  }

  long getLong() {
    long value = 0;
    for (int i = 0; i < 8; ++i) {
      value = value << 8 | bytes[at++] & 0xFF;
    }
    return value;
  }

  long getVar() {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = bytes[at++];
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        return value;
      }
    }
  }

  byte[] getBytes() {
    int length = (int) getVar();
    byte[] value = Arrays.copyOfRange(bytes, at, at + length);
    at += length;
    return value;
  }

  String getText() {
    int length = (int) getVar();
    String value = new String(bytes, at, length, StandardCharsets.UTF_8);
    at += length;
    return value;
  }

  String getRole() {
    int code = get();
    return code == Playbook.OTHER_ROLE ? getText() : Playbook.roleName(code);
  }
}
